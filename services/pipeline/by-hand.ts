import type { BreakGlassAct, ByHand } from '../../schemas/break-glass.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Projection, Store, WorkNote, WorkParts } from './ports.ts'
import { revoke } from './revoke.ts'
import type { CredentialView } from './view.ts'

export type ByHandParts = {
  stores: ReadonlyMap<string, Store>
  /** What the ledger knows. Absent: Redis is away too. */
  ledger?: Pick<Projection, 'load' | 'note' | 'saveNote'> | undefined
  boundMs: number
  timeoutMs: number
  now(): number
  pause(ms: number): Promise<unknown>
  interrupted(): boolean
  /** Seen alive: durable before the step. */
  onSeen(at: number, witness: string | undefined): void
  /** What died before, in the same sitting: a keeper's secret is proven by the death of what is inside. */
  receipts: Map<string, Receipt>
}

/**
 * The same decision, probe, step and probe as everywhere, without Kafka: forced by a person. What it proves is told to the ledger
 * later, which proves it again and writes the one receipt.
 */
export const killByHand = async (parts: ByHandParts, act: BreakGlassAct): Promise<ByHand> => {
  const notes = new Map<string, WorkNote>()
  const work = workOf(parts, act, notes)
  const deadline = parts.now() + parts.timeoutMs
  for (;;) {
    const settled = await revoke(work, act.credential, 'leak')
    const receipt = parts.receipts.get(act.credential)
    if (receipt) {
      const { outcome, deadSince, evidence, reason } = receipt
      return { act, outcome, deadSince, evidence, why: reason }
    }
    if (settled.state === 'over' || parts.now() >= deadline || parts.interrupted())
      return { act, outcome: 'alive', why: whyOpen(notes.get(act.credential)) }
    await parts.pause(Math.max(20, Math.min(1_000, settled.at - parts.now())))
  }
}

const whyOpen = (note: WorkNote | undefined) => {
  if (note?.blocked) return `${note.blocked.code}: ${note.blocked.detail}`
  if (note?.refusedSince !== undefined) return 'refused, but its window has not passed or what it holds is not proven'
  return 'still accepted'
}

const workOf = (parts: ByHandParts, act: BreakGlassAct, notes: Map<string, WorkNote>): WorkParts => ({
  now: parts.now,
  stores: parts.stores,
  // No successor is made here: a rotation needs the facts.
  secrets: new Map(),
  boundMs: parts.boundMs,
  endOnLeak: false,
  rotationBoundMs: 0,
  recheckMs: 60_000,
  observe: () => undefined,
  crashPoint: () => undefined,
  facts: {
    append: async facts => {
      for (const fact of facts) if (fact.kind !== 'shred') keep(parts, fact)
    },
  },
  projection: {
    load: async cid => {
      const known = await parts.ledger?.load(cid)
      if (cid === act.credential) return forced(known ?? stranger(act), act, parts.receipts.get(cid))
      const receipt = parts.receipts.get(cid)
      return known && receipt ? { ...known, receipt } : known
    },
    // A force acts whatever was read.
    marks: () => Promise.resolve({ ready: true, grantsRead: 0, lifecycleRead: 0, expiryHoldMs: 0, holdFrom: act.at }),
    note: async cid => notes.get(cid) ?? (await parts.ledger?.note(cid)),
    saveNote: async (cid, note) => {
      notes.set(cid, note)
      await parts.ledger?.saveNote(cid, note)
    },
    admit: () => Promise.resolve(true),
    secret: () => Promise.reject(new Error('no rotation by hand')),
  },
})

const keep = (parts: ByHandParts, fact: Fact) => {
  if (fact.kind === 'seen') parts.onSeen(fact.at, fact.witness)
  if (fact.kind === 'outcome') parts.receipts.set(fact.cid, fact.receipt)
}

const forced = (view: CredentialView, act: BreakGlassAct, receipt: Receipt | undefined): CredentialView => {
  const { at, by, reason } = act
  return { ...view, forced: { at, cause: 'forced', reason, by, breakGlass: true }, receipt }
}

/** Nothing is known of it: its first look here is what makes a refusal a proof. */
const stranger = ({ credential: cid, store, kind, handle, target, at }: BreakGlassAct): CredentialView => ({
  cid,
  store,
  kind,
  handle,
  target,
  sealed: [],
  sealedIds: [],
  valueSealed: false,
  witnesses: [],
  epoch: 0,
  held: [],
  grants: [
    {
      sid: '',
      at,
      graceUntil: at,
      tasks: [],
      session: { sid: '', tenant: '', session: '', firstAt: at, ends: [], tasks: new Map() },
    },
  ],
})
