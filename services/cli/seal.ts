import type { JWK } from 'jose'
import type { CallApi } from './call-api.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'

/** Seals values to the API's public intake key: nothing leaves this process in clear. */
export const sealer = async (api: CallApi): Promise<(value: string) => Promise<string>> => {
  const { keys } = await api<{ keys: JWK[] }>('GET', '/v1/keys')
  const [key] = keys
  if (!key) throw new CliFailure(exitCodes.cannotTell, 'no_key', 'The API has no public key.\nnext: curfew status')
  // Loaded here only: every other command starts faster without it.
  const { CompactEncrypt, importJWK } = await import('jose')
  const { alg = 'ECDH-ES+A256KW', kid } = key
  const publicKey = await importJWK(key, alg)
  return value =>
    new CompactEncrypt(new TextEncoder().encode(value))
      .setProtectedHeader({ alg, enc: 'A256GCM', ...(kid === undefined ? {} : { kid }) })
      .encrypt(publicKey)
}
