import type { PollStream } from '../../../schemas/signals.ts'
import { pause } from '../deliver.ts'
import type { TellSignal } from '../observe-signal.ts'
import { type Signal, type SignalParts, untilDone } from '../signal.ts'
import type { PollQueue, QueuedSet } from './poll-queue.ts'
import { setsOf } from './set-claims.ts'
import type { SignSet } from './sign-set.ts'

const lookEveryMs = 300

/** RFC 8936: the SETs lie in the queue until the receiver has acknowledged them; only then the topic's offset moves on. */
export const openPollStream = (
  stream: PollStream & { tenant: string },
  { secrets, sign, queue }: SignalParts & { sign: SignSet; queue: PollQueue },
  tell: TellSignal,
): Signal => {
  const { id, audience, delivery } = stream
  const since = delivery.since === undefined ? 0 : Date.parse(delivery.since)
  const handle: Signal['handle'] = async (events, signal) => {
    const queued: QueuedSet[] = []
    for (const event of events)
      for (const claims of event.at < since ? [] : setsOf(event, stream, secrets))
        queued.push({ jti: claims.jti, at: event.at, set: await sign(claims, audience) })
    let left = queued
    while (left.length > 0 && !signal.aborted) {
      const ended = await offer(queue, left, signal)
      for (let i = ended.length; i < left.length; i += 1) tell({ event: 'taken' })
      left = ended
      if (left.length > 0) await pause(lookEveryMs, signal)
    }
    if (!signal.aborted) await untilDone(() => queue.forget(queued.map(one => one.jti)), signal)
  }
  return { id, chunk: 64, handle, tell, close: () => Promise.resolve() }
}

/** What is not acknowledged yet, all of it in the queue: put again where Redis has lost it. */
const offer = async (queue: PollQueue, left: QueuedSet[], signal: AbortSignal): Promise<QueuedSet[]> => {
  let still = left
  await untilDone(async () => {
    await queue.put(left)
    still = await queue.unacked(left)
  }, signal)
  return still
}
