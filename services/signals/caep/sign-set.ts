import { importJWK, type JWK, SignJWT } from 'jose'
import type { SetAlgorithm } from '../../../schemas/signals.ts'
import type { SetClaims } from './set-claims.ts'

export type SetKey = { kid: string; jwk: JWK; algorithm: SetAlgorithm }
export type SignSet = (claims: SetClaims, audience: string) => Promise<string>

/** A Security Event Token (RFC 8417) of this issuer, as the interoperability profile of CAEP wants it. */
export const setSigner = async (
  issuer: string,
  { kid, jwk, algorithm }: SetKey,
  now: () => number,
): Promise<SignSet> => {
  const key = await importJWK(jwk, algorithm)
  return (claims, audience) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'secevent+jwt', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(Math.floor(now() / 1_000))
      .sign(key)
}
