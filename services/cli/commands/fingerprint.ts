import type { JWK } from 'jose'
import type { FingerprintAnswer } from '../../../schemas/http.ts'
import { callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'

/** The fingerprints of a value: read from stdin only, sealed to Curfew's public key before it leaves this process. */
export const fingerprintCommand = async (io: Io, options: { json?: boolean }): Promise<number> => {
  const value = (await io.readStdin())?.trim()
  if (!value)
    throw new CliFailure(
      exitCodes.usage,
      'no_value',
      `No value came in. It is read from stdin only: an argument would stay in the shell's
history and be seen by every process.
next: curfew fingerprint < file-with-the-value`,
    )
  const api = callApi(io)
  const { keys } = await api<{ keys: JWK[] }>('GET', '/v1/keys')
  const [key] = keys
  if (!key) throw new CliFailure(exitCodes.cannotTell, 'no_key', 'The API has no public key.\nnext: curfew status')
  const answer = await api<FingerprintAnswer>('POST', '/v1/fingerprints', { sealed: await seal(key, value) })
  io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.fingerprints.join('\n'))
  return exitCodes.done
}

const seal = async (key: JWK, value: string): Promise<string> => {
  // Loaded here only: every other command starts faster without it.
  const { CompactEncrypt, importJWK } = await import('jose')
  const { alg = 'ECDH-ES+A256KW', kid } = key
  return new CompactEncrypt(new TextEncoder().encode(value))
    .setProtectedHeader({ alg, enc: 'A256GCM', ...(kid === undefined ? {} : { kid }) })
    .encrypt(await importJWK(key, alg))
}
