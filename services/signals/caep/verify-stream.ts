import type { PushStream, StreamConfig } from '../../../schemas/signals.ts'
import { deliver } from '../deliver.ts'
import type { TellSignal } from '../observe-signal.ts'
import type { PollQueue } from './poll-queue.ts'
import { openSetPush } from './push-stream.ts'
import { verificationClaims } from './set-claims.ts'
import type { SignSet } from './sign-set.ts'

type Parts = { sign: SignSet; queue(stream: string): PollQueue; now(): number; tell: TellSignal; closing: AbortSignal }

const tryForMs = 60_000

/** The verification event, on the stream's own way. It proves that way at this moment: one that is lost is asked for again. */
export const verifyStream = async (stream: StreamConfig, state: string | undefined, parts: Parts): Promise<void> => {
  const jti = `verification-${crypto.randomUUID()}`
  const set = await parts.sign(verificationClaims(stream.id, jti, state), stream.audience)
  if (isPush(stream)) void pushOnce(stream, set, parts)
  else await parts.queue(stream.id).put([{ jti, at: parts.now(), set }])
}

const isPush = (stream: StreamConfig): stream is PushStream => stream.delivery.method === 'push'

const pushOnce = async (stream: PushStream, set: string, { now, tell, closing }: Parts): Promise<void> => {
  const { push, close } = openSetPush(stream)
  const onFailure = (code: string) => tell({ event: 'failed', code })
  const attempt = (signal: AbortSignal) => push(set, signal)
  const outcome = await deliver({ attempt, giveUpAt: now() + tryForMs, signal: closing, now, onFailure })
  if (outcome === 'taken') tell({ event: 'taken' })
  await close()
}
