import { readFile } from 'node:fs/promises'
import type { PushStream } from '../../../schemas/signals.ts'
import { type Attempt, attemptOf } from '../deliver.ts'
import type { TellSignal } from '../observe-signal.ts'
import { type Answer, openPoster } from '../post.ts'
import { pushing, type Signal, type SignalParts } from '../signal.ts'
import { setsOf } from './set-claims.ts'
import type { SignSet } from './sign-set.ts'

/** RFC 8935: each SET by itself, until the receiver answers 202. */
export const openPushStream = (
  stream: PushStream & { tenant: string },
  parts: SignalParts & { sign: SignSet },
  tell: TellSignal,
): Signal => {
  const { id, delivery, audience } = stream
  const { push, close } = openSetPush(stream)
  const handle = pushing({ ...parts, id, delivery, tell }, event =>
    Promise.all(
      setsOf(event, stream, parts.secrets).map(async claims => {
        const set = await parts.sign(claims, audience)
        return { attempt: signal => push(set, signal) }
      }),
    ),
  )
  return { id, chunk: 8, handle, tell, close }
}

export const openSetPush = ({ delivery }: PushStream) => {
  const { tokenFile, url, caFile, timeoutMs } = delivery
  const poster = openPoster({ url, caFile, timeoutMs })
  return {
    push: async (set: string, signal: AbortSignal): Promise<Attempt> => {
      const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim()
      const answer = await poster.post(
        {
          'content-type': 'application/secevent+jwt',
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        set,
        signal,
      )
      return refusal(answer) ?? attemptOf(answer)
    },
    close: poster.close,
  }
}

/** Of a 400 the registered code says what is wrong; any other text is the receiver's and stays there. */
const codes = 'invalid_request invalid_key invalid_issuer invalid_audience authentication_failed access_denied'.split(
  ' ',
)
const refusal = ({ status, json }: Answer): Attempt | undefined => {
  const { err } = (json ?? {}) as { err?: unknown }
  return status === 400 && typeof err === 'string' && codes.includes(err) ? { code: `set_${err}` } : undefined
}
