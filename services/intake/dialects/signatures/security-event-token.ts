import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { SsfConfig } from '../../../../schemas/dialect-ssf.ts'
import { NotNow, RejectedEvent } from '../../../pipeline/errors.ts'
import type { Delivery } from '../dialect.ts'

/**
 * RFC 8417: `typ` keeps every other kind of JWT of that issuer out. The keys are cached; an id that is not known makes one look
 * at the published set, at most every 30 s for all. Throws NotNow while the set cannot be had.
 */
export const setVerifier = ({ issuer, audience, algorithms, jwksUrl }: SsfConfig, fetch: typeof globalThis.fetch) => {
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 5_000, [customFetch]: fetch })
  return async ({ body }: Delivery): Promise<void> => {
    try {
      await jwtVerify(body.toString('latin1').trim(), keys, { issuer, audience, algorithms, typ: 'secevent+jwt' })
    } catch (error) {
      throw problemOf(error)
    }
  }
}

/** The registered words of RFC 8935, 2.4. */
const problemOf = (error: unknown): Error => {
  const refused = (code: string, message: string) => new RejectedEvent(code, message)
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return refused('invalid_issuer', 'the issuer is not this sender’s')
    if (error.claim === 'aud') return refused('invalid_audience', 'the audience is another one')
    return refused('invalid_request', 'a claim or `typ` is not that of a Security Event Token')
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused('authentication_failed', 'the signature is not this sender’s')
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return refused('invalid_key', 'the sender publishes no key of that id')
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return refused('invalid_key', 'the algorithm is not one of this sender’s')
  const unreadable = [errors.JWSInvalid, errors.JWTInvalid, errors.JWTExpired]
  if (unreadable.some(kind => error instanceof kind)) return refused('invalid_request', 'this is no valid token')
  return new NotNow('the key set of the sender cannot be had')
}
