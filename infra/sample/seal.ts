import { CompactEncrypt, importJWK, type JWK } from 'jose'

export type Seal = (value: string) => Promise<string>

/** Encrypts values to Curfew's public intake key: no event of the sample world carries one in clear. */
export const sealer = async (publicKey: JWK & { kid?: string }): Promise<Seal> => {
  const alg = publicKey.alg ?? 'ECDH-ES+A256KW'
  const kid = publicKey.kid === undefined ? {} : { kid: publicKey.kid }
  const key = await importJWK(publicKey, alg)
  return value =>
    new CompactEncrypt(new TextEncoder().encode(value)).setProtectedHeader({ alg, enc: 'A256GCM', ...kid }).encrypt(key)
}
