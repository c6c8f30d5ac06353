import { CompactEncrypt, importJWK, type JWK } from 'jose'
import { type ClientOptions, getJson } from './send-event.ts'

/** Seals values to Curfew's public key: they leave this process encrypted, and only Curfew's edge opens them. */
export const sealer = (options: ClientOptions): ((values: string[]) => Promise<string[]>) => {
  let key: Promise<JWK> | undefined
  const current = () => {
    key ??= getJson<{ keys: JWK[] }>(options, '/v1/keys')
      .then(({ keys: [first] }) => {
        if (!first) throw new Error('Curfew has no public key')
        return first
      })
      .catch(error => {
        key = undefined
        throw error
      })
    return key
  }
  return async values => {
    if (values.length === 0) return []
    const jwk = await current()
    const { alg = 'ECDH-ES+A256KW', kid } = jwk
    const publicKey = await importJWK(jwk, alg)
    const header = { alg, enc: 'A256GCM', ...(kid === undefined ? {} : { kid }) }
    return Promise.all(
      values.map(value =>
        new CompactEncrypt(new TextEncoder().encode(value)).setProtectedHeader(header).encrypt(publicKey),
      ),
    )
  }
}
