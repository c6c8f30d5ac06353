import type { FingerprintAnswer } from '../../../schemas/http.ts'
import { callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { sealer } from '../seal.ts'

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
  const seal = await sealer(api)
  const answer = await api<FingerprintAnswer>('POST', '/v1/fingerprints', { sealed: await seal(value) })
  io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.fingerprints.join('\n'))
  return exitCodes.done
}
