import type { Fact } from '../../schemas/facts.ts'
import type { CredentialKind } from '../../schemas/grant.ts'
import type { Evidence, Receipt } from '../../schemas/receipt.ts'
import type { PassCrashPoint } from './crash-points.ts'
import type { Marks } from './decide.ts'
import type { Problem } from './errors.ts'
import type { CredentialView } from './view.ts'

/** Leaks first at every budget, first probes last. */
export type Lane = 'leak' | 'kill' | 'probe'
export const lanes: readonly Lane[] = ['leak', 'kill', 'probe']

/** What a store needs to know of a credential. Never its value. */
export type Credential = { kind: CredentialKind; handle: string; target?: string | undefined }

export type ProbeResult =
  | { state: 'alive'; evidence: Evidence }
  | { state: 'dead'; evidence: Evidence }
  /** Not dead: a timeout, a 403 to us, a 429, a sealed store. */
  | { state: 'unknown'; problem: Problem }

export type StepResult =
  /** The store claims success; no proof. */
  | { state: 'claimed' }
  /** The store took the request and acts later (HTTP 202). */
  | { state: 'queued' }
  | { state: 'failed'; problem: Problem }

/** A store where credentials are honoured. Steps are idempotent; values never leave it. */
export type Issuer = {
  id: string
  /** How long a door may go on accepting after a step, in ms. */
  propagationMs: number
  /** Why this credential cannot be revoked or proven dead; undefined: it can. */
  impossible(credential: Credential): string | undefined
  probe(credential: Credential, lane: Lane): Promise<ProbeResult>
  revoke(credential: Credential, lane: Lane): Promise<StepResult>
  close(): Promise<void>
}

export type FactLog = {
  /** Resolves when every fact is acknowledged by all in-sync replicas; else throws FactsUnavailable. */
  append(facts: Fact[]): Promise<void>
}

/** What the work remembers between attempts. Redis only: losing it costs a repeated probe or step. */
export type WorkNote = {
  epoch: number
  /** End of the last step that the store claimed to have done. */
  steppedAt?: number
  /** First refusal after the last acceptance. */
  refusedSince?: number
  acceptedAt?: number
  /** Seen alive, not durable yet: appended together with the outcome. */
  seenAt?: number
  attempts: number
  failures: number
  blocked?: { since: number; code: string; detail: string }
  heldSince?: number
  /** The decision's due, for the lists of what is alive past due. */
  dueAt?: number
}

export type Projection = {
  load(cid: string): Promise<CredentialView | undefined>
  /** `ready`: every facts partition is folded; otherwise nothing may be concluded. */
  marks(): Promise<Marks & { ready: boolean }>
  note(cid: string): Promise<WorkNote | undefined>
  saveNote(cid: string, note: WorkNote): Promise<void>
  /** Automatic kills over the cap in the window are held. */
  admit(cid: string): Promise<boolean>
}

/** Told for metrics and logs; carries ids only. */
export type WorkEvent =
  | { event: 'settled'; receipt: Receipt }
  | { event: 'problem'; store: string; cid: string; step: 'probe' | 'revoke'; problem: Problem }
  | { event: 'held'; store: string; cid: string; cause: string }
  | { event: 'window_too_small'; store: string; cid: string; afterMs: number }
  /** A dead credential was seen alive: an incident. */
  | { event: 'relapsed'; store: string; cid: string; epoch: number }
  | { event: 'facts_unavailable'; cid: string }

export type WorkParts = {
  now(): number
  projection: Projection
  facts: FactLog
  stores: ReadonlyMap<string, Issuer>
  boundMs: number
  recheckMs: number
  observe(event: WorkEvent): void
  crashPoint: PassCrashPoint
}

/** What becomes of a piece of work: over, or offered again at `at` (epoch ms). */
export type Settled = { state: 'over' } | { state: 'again'; at: number }
