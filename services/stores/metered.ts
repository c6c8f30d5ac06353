import type { Problem } from '../pipeline/errors.ts'
import type { Lane } from '../pipeline/ports.ts'
import type { Budget, CallResult, OperationGroup } from './budget.ts'
import type { Reply } from './reply.ts'
import type { OnCall } from './store-parts.ts'

export type Purpose<G extends string = OperationGroup> = { operation: string; group: G; lane: Lane }
export type Metered<G extends string = OperationGroup> = <R extends Reply>(
  purpose: Purpose<G>,
  work: () => Promise<R>,
) => Promise<R | { problem: Problem }>

/** Every call passes here: never one outside the shared budget, never one that is not counted. */
export const meteredCalls =
  <G extends string>(store: string, budget: Budget<G>, onCall: OnCall | undefined): Metered<G> =>
  async (purpose, work) => {
    const slot = await budget.acquire(purpose.group, purpose.lane)
    if ('problem' in slot) {
      onCall?.(store, purpose.operation, 'budget', 0)
      return slot
    }
    const started = performance.now()
    const reply = await work()
    const answer = resultOf(reply)
    // A strike or a pause must be known before the next call; a plain release is not waited for.
    const released = slot.release(answer)
    if (answer.status === 429 || answer.retryAfterMs !== undefined) await released
    const result = 'problem' in reply ? reply.problem.code : `${reply.status}`
    onCall?.(store, purpose.operation, result, performance.now() - started)
    return reply
  }

const resultOf = (reply: Reply): CallResult =>
  'problem' in reply
    ? { silent: reply.problem.code === 'timeout' }
    : { status: reply.status, retryAfterMs: reply.retryAfterMs }
