import { CompactEncrypt, importJWK, type JWK } from 'jose'

/** To our own public intake key, as every issuer seals what its grant brings. */
export const sealValue = async (publicKey: JWK, value: string): Promise<string> => {
  const { alg = 'ECDH-ES+A256KW', kid } = publicKey
  return new CompactEncrypt(new TextEncoder().encode(value))
    .setProtectedHeader({ alg, enc: 'A256GCM', ...(kid === undefined ? {} : { kid }) })
    .encrypt(await importJWK(publicKey, alg))
}
