import { z } from 'zod'
import { canaryTenant } from './primitives.ts'
import { role } from './roles.ts'
import { isSafe } from './safe-url.ts'

/** Where a claim is: `realm_access.roles`, or a list of names where a name has dots (`https://acme.example/roles`). */
const claimPath = z.union([
  z
    .string()
    .min(1)
    .max(256)
    .transform(text => text.split('.')),
  z.array(z.string().min(1).max(256)).min(1).max(8),
])

/** Public keys only: with a shared secret whoever can check a token can make one. */
const algorithm = z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])

const tenant = z
  .string()
  .min(1)
  .max(64)
  .refine(name => name !== canaryTenant, `"${canaryTenant}" is Curfew's own`)

/** One issuer whose access tokens people show to the API. Found by discovery (OpenID Connect, or RFC 8414). */
export const oidcIssuer = z
  .strictObject({
    /** In the names of its people: `oidc:<id>:<sub>`. */
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower case letters, digits and dashes'),
    /** The issuer identifier, exactly as tokens say it. */
    issuer: z.url().refine(isSafe, 'https, or http on this machine'),
    /** What the issuer calls this API: a token for anybody else is refused. */
    audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    rolesClaim: claimPath.prefault('roles'),
    /** A value of the claim -> the roles that it gives. A value that is not here gives none. */
    roles: z.record(z.string().min(1), z.union([role.transform(one => [one]), z.array(role).min(1)])),
    /** Everybody's tenant, or the claim that says it. */
    tenant: tenant.optional(),
    tenantClaim: claimPath.optional(),
    algorithms: z.array(algorithm).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
    /** `typ` of the header. RFC 9068 says `at+jwt`; issuers that write `JWT` into access tokens need that here. */
    tokenTypes: z
      .array(z.enum(['at+jwt', 'JWT']))
      .min(1)
      .default(['at+jwt']),
    clockToleranceMs: z.int().min(0).max(60_000).default(5_000),
    timeoutMs: z.int().min(100).max(30_000).default(3_000),
  })
  .refine(one => (one.tenant === undefined) !== (one.tenantClaim === undefined), 'one of tenant, tenantClaim')
export type OidcIssuer = z.infer<typeof oidcIssuer>
