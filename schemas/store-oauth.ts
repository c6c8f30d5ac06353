import { z } from 'zod'
import { door } from './door.ts'
import { storeId } from './primitives.ts'
import { budget, propagationMs, survives } from './store-limits.ts'

/** A client of ours at the authorization server. */
const oauthClient = {
  clientId: z.string().min(1).max(256),
  clientSecretFile: z.string(),
  clientAuth: z.enum(['basic', 'post']).default('basic'),
}

/** An OAuth authorization server (RFC 7009, RFC 7662), found by RFC 8414 or through a resource by RFC 9728. */
export const oauthStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('oauth'),
    /** The issuer identifier. One of `issuer` and `resource`. */
    issuer: z.url().optional(),
    /** A protected resource whose metadata names its one authorization server. */
    resource: z.url().optional(),
    /** The client that revokes: the one that the tokens were issued to, or one that may revoke theirs. */
    ...oauthClient,
    /** The client that introspects, where it is another one. */
    introspection: z.strictObject(oauthClient).optional(),
    /** Where an access token is used as well: the URL of an MCP server, or any described door. */
    door: z.union([z.url(), door]).optional(),
    caFile: z.string().optional(),
    timeoutMs: z.int().min(100).default(5_000),
    propagationMs,
    survives,
    budget,
  })
  .refine(one => (one.issuer === undefined) !== (one.resource === undefined), 'one of issuer, resource')
export type OauthStoreConfig = z.infer<typeof oauthStoreConfig>
