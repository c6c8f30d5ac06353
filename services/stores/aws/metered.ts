import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import type { Budget } from '../budget.ts'
import type { OnCall } from '../store-parts.ts'
import { type Asked, awsProblem, isAbsent } from './answers.ts'

/** What AWS answered, that it does not know the secret, or why there is no clear answer. */
export type AwsReply<T> = { output: T } | { absent: true } | { problem: Problem }
/** AWS counts deletions, writes and rotations apart. */
export type AwsPurpose = Asked & { group: 'probe' | 'revoke' | 'write' | 'rotate'; lane: Lane }
export type AwsCall = <T>(purpose: AwsPurpose, send: (signal: AbortSignal) => Promise<T>) => Promise<AwsReply<T>>

/** Every call passes here: never one outside the shared budget, never one that is not counted, never one without an end. */
export const meteredCalls =
  (parts: {
    store: string
    budget: Budget<AwsPurpose['group']>
    timeoutMs: number
    onCall: OnCall | undefined
  }): AwsCall =>
  async (purpose, send) => {
    const slot = await parts.budget.acquire(purpose.group, purpose.lane)
    if ('problem' in slot) {
      parts.onCall?.(parts.store, purpose.action, 'budget', 0)
      return slot
    }
    const started = performance.now()
    const reply = await replyOf(purpose, () => send(AbortSignal.timeout(parts.timeoutMs)))
    const throttled = 'problem' in reply && reply.problem.code === 'throttled'
    const silent = 'problem' in reply && reply.problem.code === 'timeout'
    const released = slot.release(throttled ? { status: 429 } : silent ? { silent } : { status: 200 })
    // A pause must be known before the next call; a plain release is not waited for.
    if (throttled) await released
    parts.onCall?.(parts.store, purpose.action, resultName(reply), performance.now() - started)
    return reply
  }

const replyOf = async <T>(asked: Asked, work: () => Promise<T>): Promise<AwsReply<T>> => {
  try {
    return { output: await work() }
  } catch (error) {
    return isAbsent(error) ? { absent: true } : { problem: awsProblem(error, asked) }
  }
}

const resultName = (reply: AwsReply<unknown>): string => {
  if ('problem' in reply) return reply.problem.code
  return 'absent' in reply ? 'absent' : '200'
}
