import type { Lane } from '../../pipeline/ports.ts'
import type { Budget, OperationGroup } from '../budget.ts'
import type { Reply } from '../reply.ts'
import type { OnCall } from '../store-parts.ts'
import { problemOf } from './answers.ts'
import type { VaultClient, VaultRequest } from './client.ts'

/** What a call is for: its budget group, its lane, its name in the metrics. */
export type CallPurpose = { operation: string; group: OperationGroup; lane: Lane }
export type MeteredCall = (purpose: CallPurpose, request: VaultRequest) => Promise<Reply>

/** Every call to the store passes here: never one outside the shared budget, never one that is not counted. */
export const meteredCall =
  (parts: { store: string; budget: Budget; client: VaultClient; onCall?: OnCall | undefined }): MeteredCall =>
  async (purpose, request) => {
    const slot = await parts.budget.acquire(purpose.group, purpose.lane)
    if ('problem' in slot) {
      parts.onCall?.(parts.store, purpose.operation, 'budget', 0)
      return slot
    }
    const started = performance.now()
    const reply = await parts.client.call(request)
    const answer = 'problem' in reply ? {} : { status: reply.status, retryAfterMs: reply.retryAfterMs }
    // A strike or a pause must be known before the next call; a plain release may overtake nothing and is not waited for.
    const released = slot.release(answer)
    if (answer.status === 429 || answer.retryAfterMs !== undefined) await released
    parts.onCall?.(parts.store, purpose.operation, resultName(reply), performance.now() - started)
    return reply
  }

const resultName = (reply: Reply) => ('problem' in reply ? problemOf(reply).code : `${reply.status}`)
