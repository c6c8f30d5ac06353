import { createHash } from 'node:crypto'
import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { OidcIssuer } from '../../schemas/api-oidc.ts'
import type { Principal, Role } from '../../schemas/config.ts'
import { canaryTenant } from '../../schemas/primitives.ts'
import { IssuerAway, oidcKeys } from './oidc-keys.ts'
import { HttpProblem } from './problems.ts'

type Parts = { issuers: OidcIssuer[]; now(): number }

/** Who shows an access token of a configured issuer. Undefined: no token of one. Throws HttpProblem for what is refused. */
export const oidcTokens = ({ issuers, now }: Parts) => {
  const known = new Map(issuers.map(config => [config.issuer, { config, keys: oidcKeys(config, now) }]))
  return async (token: string): Promise<Principal | undefined> => {
    const found = known.get(issuerNamed(token) ?? '')
    return found && principalOf(found.config, await verified(found.config, found.keys, token, now))
  }
}

/** What it says before anything is checked: only to know whose keys to ask. */
const issuerNamed = (token: string): string | undefined => {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

const verified = async (config: OidcIssuer, keys: JWTVerifyGetKey, token: string, now: () => number) => {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: config.issuer,
      audience: config.audience,
      algorithms: config.algorithms,
      clockTolerance: config.clockToleranceMs / 1_000,
      currentDate: new Date(now()),
      requiredClaims: ['exp', 'sub'],
    })
    if (!isOfType(config, protectedHeader.typ)) throw refused('it is no access token (typ)')
    // Bound to a key that its holder must prove (DPoP, mTLS): shown alone, it may be stolen.
    if (payload.cnf !== undefined) throw refused('it is bound to a key')
    return payload
  } catch (error) {
    throw problemOf(error)
  }
}

/** Media types: without regard to case, and with or without `application/`. */
const isOfType = ({ tokenTypes }: OidcIssuer, typ: string | undefined): boolean => {
  const short = typ?.toLowerCase().replace(/^application\//, '')
  return tokenTypes.some(one => one.toLowerCase() === short)
}

const refused = (why: string) => new HttpProblem(401, 'invalid_token', `The bearer token is refused: ${why}.`)
const claims: Record<string, string> = {
  iss: 'it is from another issuer',
  aud: 'it is meant for another audience',
  nbf: 'it is not valid yet',
}

/** Words of ours only: nothing of the token is quoted. */
const problemOf = (error: unknown): Error => {
  if (error instanceof HttpProblem) return error
  if (error instanceof IssuerAway)
    return new HttpProblem(
      503,
      'issuer_away',
      'The issuer of this token does not answer: who you are cannot be told. Ask again, or use another token.',
    )
  if (error instanceof errors.JWTExpired) return refused('it has expired')
  if (error instanceof errors.JWTClaimValidationFailed)
    return refused(claims[error.claim] ?? 'a claim is missing or wrong')
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('its algorithm is not allowed')
  if (error instanceof errors.JWKSNoMatchingKey) return refused('its issuer has no such key')
  return refused('it cannot be verified')
}

const principalOf = (config: OidcIssuer, payload: JWTPayload): Principal => {
  const tenant = config.tenant ?? claimOf(payload, config.tenantClaim ?? [])
  if (typeof tenant !== 'string' || tenant === '' || tenant.length > 64 || tenant === canaryTenant)
    throw refused('it names no tenant')
  const roles = new Set(valuesOf(claimOf(payload, config.rolesClaim)).flatMap(value => rolesOf(config, value)))
  const may = { lifecycle: false, grant: [], leak: false, admin: false, roles: [...roles] }
  return { id: `oidc:${config.id}:${nameOf(payload.sub ?? '')}`, tenant, may }
}

const rolesOf = ({ roles }: OidcIssuer, value: string): Role[] =>
  Object.hasOwn(roles, value) ? (roles[value] ?? []) : []

const claimOf = (payload: JWTPayload, path: string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    payload,
  )

/** A list, or words in one text as `scope` has them. */
const valuesOf = (claim: unknown): string[] => {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim.filter(one => typeof one === 'string') : []
}

/** It stands in facts, receipts and logs: what is long or strange in it becomes a hash, which no plain name looks like. */
const nameOf = (sub: string): string =>
  /^[\w.@|:+=/-]{1,64}$/.test(sub) ? sub : `~${createHash('sha256').update(sub).digest('hex').slice(0, 32)}`
