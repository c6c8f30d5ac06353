import { z } from 'zod'
import { cause, credentialKind } from './grant.ts'
import { epochMs, handle, hexId, jwe, senderId, storeId } from './primitives.ts'
import { receipt } from './receipt.ts'

/** What the HTTP API takes and answers. Times are epoch ms; names are stable. No field carries a value in clear. */

export { canaryTenant } from './primitives.ts'

/** `live`: not due. `blocked` and `held` are due too, with the reason; `settled` has a receipt. */
export const grantState = z.enum(['live', 'due', 'blocked', 'held', 'settled'])

export const blocked = z.object({ since: epochMs, code: z.string(), detail: z.string() })

export const grantEntry = z.object({
  grant: hexId,
  credential: hexId,
  session: senderId,
  tasks: z.array(senderId),
  store: storeId,
  kind: credentialKind,
  handle,
  /** `key=value`, its own and its session's. */
  labels: z.array(z.string()).optional(),
  grantedAt: epochMs,
  seenAliveAt: epochMs.optional(),
  expiresAt: epochMs.optional(),
  state: grantState,
  cause: cause.optional(),
  dueAt: epochMs.optional(),
  pastDueMs: z.int().min(0).optional(),
  blocked: blocked.optional(),
  heldSince: epochMs.optional(),
  /** Refused since then, and not proven dead yet: the store's window is waited for, or Kafka for the receipt. */
  refusedSince: epochMs.optional(),
  attempts: z.int().min(0).optional(),
  receipt: receipt.optional(),
})
export type GrantEntry = z.infer<typeof grantEntry>

export const sessionEntry = z.object({
  session: senderId,
  agent: z.string().optional(),
  labels: z.array(z.string()).optional(),
  firstSeenAt: epochMs,
  startedAt: epochMs.optional(),
  lastActiveAt: epochMs.optional(),
  maxLifeAt: epochMs.optional(),
  idleMs: z.int().optional(),
  endedAt: epochMs.optional(),
  endCause: z.string().optional(),
  endReason: z.string().optional(),
  /** How many grants it has, and how many of them have an outcome. */
  grants: z.int().min(0),
  settled: z.int().min(0),
  /** Ended, and every grant has an outcome. */
  closed: z.boolean(),
})
export type SessionEntry = z.infer<typeof sessionEntry>

export const sessionDetail = z.object({
  session: sessionEntry,
  grants: z.array(grantEntry),
  receipts: z.array(receipt),
  closed: z.boolean(),
})
export type SessionDetail = z.infer<typeof sessionDetail>

/** `complete` is false where there is more than what is listed. */
export const sessionList = z.object({ sessions: z.array(sessionEntry), complete: z.boolean() })
export const grantList = z.object({ grants: z.array(grantEntry), complete: z.boolean() })
export const receiptList = z.object({ receipts: z.array(receipt), complete: z.boolean() })
export type SessionList = z.infer<typeof sessionList>
export type GrantList = z.infer<typeof grantList>
export type ReceiptList = z.infer<typeof receiptList>

const reason = z.string().trim().min(1).max(200)
export const revocationRequest = z.union([
  z.strictObject({ session: senderId, task: senderId.optional(), reason }),
  z.strictObject({ grant: hexId, reason }),
])
export type RevocationRequest = z.infer<typeof revocationRequest>
/** `planned`: the living grants that the command reaches; absent: the state could not be read, the command stands. */
export const revocationAnswer = z.object({
  facts: z.int(),
  planned: z.array(grantEntry).optional(),
  alreadySettled: z.int().optional(),
})
export type RevocationAnswer = z.infer<typeof revocationAnswer>

export const fingerprintRequest = z.strictObject({ sealed: jwe })
export const fingerprintAnswer = z.object({ fingerprints: z.array(z.string()) })
export type FingerprintAnswer = z.infer<typeof fingerprintAnswer>
export const eventsAnswer = z.object({ facts: z.int() })
export const keysAnswer = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })
/** Every answer that is not a 2xx. `message` says what happened and what it means, and quotes nothing of the request. */
export const errorAnswer = z.object({ code: z.string(), message: z.string() })
export type ErrorAnswer = z.infer<typeof errorAnswer>

/** Where a process on this machine finds the API that another one started. The file is readable by its owner only. */
export const apiState = z.object({
  url: z.url(),
  token: z.string(),
  pid: z.int(),
  /** The config that it runs with: for commands that act on a store directly. */
  configFile: z.string().optional(),
})
export type ApiState = z.infer<typeof apiState>
export const apiStateFile = (environment: Record<string, string | undefined>, home: string): string => {
  const { CURFEW_STATE_DIR: own, XDG_STATE_HOME: xdg } = environment
  return `${own || `${xdg || `${home}/.local/state`}/curfew`}/api.json`
}
