import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { allowInsecureRequests, discoveryRequest, processDiscoveryResponse } from 'oauth4webapi'
import type { OidcIssuer } from '../../schemas/api-oidc.ts'
import { isSafe } from '../../schemas/safe-url.ts'

/** The issuer does not answer, or answers what no token can be checked with: nothing is known of the token. */
export class IssuerAway extends Error {
  constructor(issuer: string) {
    super(`the issuer "${issuer}" does not answer`)
    this.name = 'IssuerAway'
  }
}

const keptMs = 60 * 60_000
/** Anybody can show a token that names the issuer: one that is away is not asked for each. */
const pauseMs = 2_000

/** The issuer's public keys, by discovery and its JWKS; both cached, each asked for once however many tokens wait. */
export const oidcKeys = (config: OidcIssuer, now: () => number): JWTVerifyGetKey => {
  let known: { keys: Promise<JWTVerifyGetKey>; until: number } | undefined
  const found = (): Promise<JWTVerifyGetKey> => {
    if (known && now() < known.until) return known.keys
    const keys = discover(config)
    const mine = { keys, until: now() + keptMs }
    known = mine
    keys.catch(() => {
      mine.until = now() + pauseMs
    })
    return keys
  }
  return async (header, token) => {
    try {
      return await (await found())(header, token)
    } catch (error) {
      if (isOfToken(error)) throw error
      throw new IssuerAway(config.id)
    }
  }
}

/** The issuer was read, and the token fits none of its keys. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported

const discover = async (config: OidcIssuer): Promise<JWTVerifyGetKey> => {
  const { jwks_uri: uri } = await metadata(config, 'oidc').catch(() => metadata(config, 'oauth2'))
  if (uri === undefined || !isSafe(uri)) throw new IssuerAway(config.id)
  return createRemoteJWKSet(new URL(uri), { timeoutDuration: config.timeoutMs, cooldownDuration: 10_000 })
}

/** The library checks that the document is this issuer's. */
const metadata = async ({ issuer, timeoutMs }: OidcIssuer, algorithm: 'oidc' | 'oauth2') => {
  const url = new URL(issuer)
  const answer = await discoveryRequest(url, {
    algorithm,
    [allowInsecureRequests]: url.protocol === 'http:',
    signal: () => AbortSignal.timeout(timeoutMs),
  })
  return processDiscoveryResponse(url, answer)
}
