import { z } from 'zod'
import { principalId } from './force.ts'
import { credentialKind } from './grant.ts'
import { epochMs, handle, hexId, senderId, storeId } from './primitives.ts'
import { type evidence, outcomeKind } from './receipt.ts'

/** One act by hand, durable before its step: who, when, why, and what. Ids and handles only. */
export const breakGlassAct = z.object({
  line: z.literal('act'),
  act: hexId,
  at: epochMs,
  by: principalId,
  reason: z.string().max(256),
  /** The facts topic that must be told of it: a machine may have seen several Curfews. */
  ledger: z.string(),
  credential: hexId,
  store: storeId,
  kind: credentialKind,
  handle,
  target: z.string().optional(),
  session: senderId.optional(),
})
export type BreakGlassAct = z.infer<typeof breakGlassAct>

/** The journal: a line per act, then what was seen, how it ended, and that the ledger was told. */
export const journalLine = z.discriminatedUnion('line', [
  breakGlassAct,
  z.object({ line: z.literal('seen'), act: hexId, at: epochMs, witness: z.string().max(128).optional() }),
  z.object({
    line: z.literal('end'),
    act: hexId,
    at: epochMs,
    outcome: z.union([outcomeKind, z.literal('alive')]),
    deadSince: epochMs.optional(),
  }),
  z.object({ line: z.literal('told'), act: hexId, at: epochMs }),
])
export type JournalLine = z.infer<typeof journalLine>

/** What one act came to. `alive`: not proven dead in time, and why. */
export type ByHand = {
  act: BreakGlassAct
  outcome: z.infer<typeof outcomeKind> | 'alive'
  deadSince?: number | undefined
  evidence?: z.infer<typeof evidence> | undefined
  why?: string | undefined
}
/** What a break-glass revoke is asked for. */
export type BreakGlassWanted = {
  configFile: string
  reason: string
  timeoutMs: number
  grant?: string | undefined
  session?: string | undefined
  /** Without Redis a credential must be named whole. */
  named?: { store: string; handle: string; kind: string; target?: string | undefined } | undefined
}
/** Before anything is done. `warnings`: what the person must know. */
export type BreakGlassPlan = {
  by: string
  journal: string
  acts: BreakGlassAct[]
  warnings: string[]
  /** Does it, one after the other, and tells each. */
  run(tell: (done: ByHand) => void): Promise<ByHand[]>
  close(): Promise<void>
}
export type Reconciled = { told: number; before: number; journal: string }
/** Acts on the stores directly, without the API and without Kafka. */
export type BreakGlass = {
  plan(wanted: BreakGlassWanted): Promise<BreakGlassPlan>
  reconcile(configFile: string): Promise<Reconciled>
}
