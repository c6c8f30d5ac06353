import type { Lane } from '../../pipeline/ports.ts'
import type { Budget, OperationGroup } from '../budget.ts'
import type { OnCall } from '../store-parts.ts'
import type { Reply } from '../vault/reply.ts'
import { problemOf } from './answers.ts'

export type Purpose = { operation: string; group: OperationGroup; lane: Lane }
export type Metered = (purpose: Purpose, work: () => Promise<Reply>) => Promise<Reply>

/** Every call passes here: never one outside the shared budget, never one that is not counted. */
export const meteredCalls =
  (store: string, budget: Budget, onCall: OnCall | undefined): Metered =>
  async (purpose, work) => {
    const slot = await budget.acquire(purpose.group, purpose.lane)
    if ('problem' in slot) {
      onCall?.(store, purpose.operation, 'budget', 0)
      return slot
    }
    const started = performance.now()
    const reply = await work()
    const answer = 'problem' in reply ? {} : { status: reply.status, retryAfterMs: reply.retryAfterMs }
    // A strike or a pause must be known before the next call; a plain release is not waited for.
    const released = slot.release(answer)
    if (answer.status === 429 || answer.retryAfterMs !== undefined) await released
    const result = 'problem' in reply ? problemOf(reply, '').code : `${reply.status}`
    onCall?.(store, purpose.operation, result, performance.now() - started)
    return reply
  }
