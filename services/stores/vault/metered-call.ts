import type { Budget } from '../budget.ts'
import { meteredCalls, type Purpose } from '../metered.ts'
import type { Reply } from '../reply.ts'
import type { OnCall } from '../store-parts.ts'
import type { VaultClient, VaultRequest } from './client.ts'

/** What a call is for: its budget group, its lane, its name in the metrics. */
export type CallPurpose = Purpose
export type MeteredCall = (purpose: CallPurpose, request: VaultRequest) => Promise<Reply>

export const meteredCall = (parts: {
  store: string
  budget: Budget
  client: VaultClient
  onCall?: OnCall | undefined
}): MeteredCall => {
  const metered = meteredCalls(parts.store, parts.budget, parts.onCall)
  return (purpose, request) => metered(purpose, () => parts.client.call(request))
}
