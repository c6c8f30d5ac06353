import type { CredentialKind } from '../../schemas/grant.ts'
import type { Evidence, Receipt } from '../../schemas/receipt.ts'
import type { SecretConfig } from '../../schemas/secrets.ts'
import type { PassCrashPoint } from './crash-points.ts'
import type { Marks } from './decide.ts'
import type { Problem, ProblemCode } from './errors.ts'
import type { FactEntry } from './fact-key.ts'
import type { Keeper } from './keeper-port.ts'
import type { SecretView } from './rotation/secret-view.ts'
import type { CredentialView } from './view.ts'

/** Leaks first at every budget, first probes last. */
export type Lane = 'leak' | 'kill' | 'probe'
export const lanes: readonly Lane[] = ['leak', 'kill', 'probe']

/** Lanes of the due index, in the order in which they are taken, and the lane of work that each feeds. */
export const indexLanes = {
  leak: 'leak',
  hard: 'kill',
  expiry: 'kill',
  idle: 'kill',
  probe: 'probe',
  recheck: 'probe',
} as const satisfies Record<string, Lane>
export type IndexLane = keyof typeof indexLanes

/** A door that accepted a credential is a witness of it: only its refusal counts as a use that was refused. */
export const doorWitness = 'door'

/** What a store needs to know of a credential. Never its value, only what a sealing key opens. */
export type Credential = {
  kind: CredentialKind
  handle: string
  target?: string | undefined
  /** Once seen alive, epoch ms. */
  seenAt?: number | undefined
  /** Who was told that it is alive: an authority's client, a login, `door`. */
  witnesses?: readonly string[] | undefined
  /** A look that began before this moment (epoch ms) says nothing any more. Absent: one that begins now is needed. */
  notBefore?: number | undefined
  /** Sealed values of it, each under one key: opened by the store, where it must be shown. */
  sealed?: string[] | undefined
  /** A sealed value was announced: while `sealed` is empty, it is only not known yet. */
  valueSealed?: boolean | undefined
}

/** This credential can never be ended, or never be proven dead. `exposedUntil`: epoch ms. */
export type Impossible = { state: 'impossible'; reason: string; exposedUntil?: number | undefined }
export type ProbeResult =
  /** `witnesses`: whose word it is, where only who was told "alive" may be believed when told "dead". `at`: when it was seen, else now. */
  | { state: 'alive'; evidence: Evidence; witnesses?: string[] | undefined; at?: number | undefined }
  /** `onlyAfterStep`: a death that our step did not cause proves nothing, and why (a rotated refresh token). */
  | {
      state: 'dead'
      evidence: Evidence
      witnesses?: string[] | undefined
      onlyAfterStep?: string | undefined
      /** When the look began: a window has passed only for what was asked after it. Absent: when the probe was called. */
      began?: number | undefined
      /** With the evidence `issuer`: until when somebody else may honour it, epoch ms. */
      exposedUntil?: number | undefined
      at?: number | undefined
    }
  /** Not dead: a timeout, a 403 to us, a 429, a sealed store. */
  | { state: 'unknown'; problem: Problem }
  | Impossible

export type StepResult =
  /** The store claims success; no proof. */
  | { state: 'claimed' }
  /** The store took the request and acts later (HTTP 202). */
  | { state: 'queued' }
  | Impossible
  | { state: 'failed'; problem: Problem }

/** `again`: it had to be done anew, somebody had taken it away. `exposedUntil`: epoch ms, when the credential ends by itself. */
export type Containment =
  | { state: 'contained'; at: number; how: string; exposedUntil: number; again?: boolean }
  | Impossible
  | { state: 'failed'; problem: Problem }

/** A store where credentials are honoured or kept. Steps are idempotent; values never leave it. */
export type Store = {
  id: string
  /** An issuer honours the credential. A keeper only holds it: its step retires, and the death of what is inside is the proof. */
  role: 'issuer' | 'keeper'
  /** How long a door may go on accepting after a step, in ms. */
  propagationMs: number
  /** How many deaths its budget allows in a second, one after the other. Absent: more than we ask for. */
  deathsPerSecond?: number | undefined
  /** Why this credential cannot be revoked or proven dead; undefined: it can. */
  impossible(credential: Credential): string | undefined
  /** What outlives the refusal of every new request, and what bounds it. */
  survives(credential: Credential): string[]
  probe(credential: Credential, lane: Lane): Promise<ProbeResult>
  revoke(credential: Credential, lane: Lane): Promise<StepResult>
  /**
   * Where nothing can be revoked: keeps this credential, and no other, from doing anything, and reads that back. Idempotent. It is never a
   * proof. `expiresAt`: epoch ms, as far as known. `compromised`: it may use what is kept free for those. `known`: it was contained before.
   */
  contain?(
    credential: Credential,
    more: { expiresAt: number | undefined; compromised: boolean; known: boolean },
    lane: Lane,
  ): Promise<Containment>
  /** Takes the containment of a credential away that has ended by itself. Idempotent. */
  release?(credential: Credential, lane: Lane): Promise<object | { problem: Problem }>
  /** Uses a value where agents use it: to try a new one, and to see an old one refused. `handle`: whose it is, where a use needs a user's name too. */
  use?(value: string, lane: Lane, handle?: string | undefined): Promise<StoreUse>
  /** A new credential under a name of its own, with its value: for a throw-away, and for rotation. */
  issue?(request: IssueRequest): Promise<Issued | { problem: Problem }>
  /** Living credentials that were issued under a name: what an unanswered `issue` may have made. */
  named?(name: string): Promise<string[] | { problem: Problem }>
  /**
   * Where what was issued cannot be searched by name: makes the place of a new credential, which honours nothing yet and whose handle is
   * written down before it is filled. Once revoked it cannot be filled any more, however late somebody tries.
   */
  reserve?(request: IssueRequest): Promise<Reserved | { problem: Problem } | { impossible: string }>
  /** Makes the place of use accept a new value beside the old one: where a server is told its keys. Idempotent. */
  install?(version: Installing): Promise<object | { problem: Problem }>
  /** What its own login may do, as the product says it. Without effect. Absent: only an act proves it. */
  doctor?(): Promise<StoreCheck[]>
  /** Where consumers read registered secrets by name. */
  keeper?: Keeper
  close(): Promise<void>
}
/** `grant`: the policy line, or the like, that gives what is missing. */
export type StoreCheck = {
  check: string
  state: 'ok' | 'missing' | 'cannot_tell'
  says: string
  grant?: string
}
export type Rotated = {
  current?: { handle?: string | undefined; fields?: Record<string, string> | undefined } | undefined
}
/** `current`: the version that consumers read now, where the new one shall take its place. What it names must not be touched. */
/** `lane`: absent, as a rotation issues. */
export type IssueRequest = { name: string; lifeMs: number; lane?: Lane | undefined } & Rotated
export type StoreUse = { state: 'accepted' } | { state: 'refused' } | { state: 'unknown'; problem: Problem }
export type Issued = {
  handle: string
  value: string
  expiresAt?: number | undefined
  /** What belongs to it and is no secret: a user name. */
  fields?: Record<string, string> | undefined
  /** What its end needs beside its handle, no secret: a lease id. */
  target?: string | undefined
}
export type Reserved = {
  handle: string
  /** A secret that its end needs: sealed with it. */
  note?: string | undefined
  fill(): Promise<Issued | { problem: Problem }>
}
/** Names only: whoever runs the server reads the values at the keeper. */
export type Installing = { secret: string; keeperVersion: string; rotation: string; handle: string }

export type FactLog = {
  /** Resolves when everything is acknowledged by all in-sync replicas; else throws FactsUnavailable. */
  append(facts: FactEntry[]): Promise<void>
}

/** What the work remembers between attempts. Redis only: losing it costs a repeated probe or step. */
export type WorkNote = {
  epoch: number
  /** End of the last step that the store claimed to have done. */
  steppedAt?: number
  /** That step was taken on what was seen alive just before, and nothing was seen since that denies its effect. */
  steppedOnLiving?: boolean
  /** That step was only queued: the next attempt repeats it instead of waiting for its window. */
  queued?: boolean
  /** First refusal after the last acceptance. */
  refusedSince?: number
  acceptedAt?: number
  /** Seen alive, not durable yet: appended together with the outcome. */
  seenAt?: number
  /** Whose word that was. */
  witnesses?: string[]
  /** Never seen alive: since when, and how often, it was tried to see it before the step. */
  looking?: { since: number; tries: number }
  attempts: number
  failures: number
  /** How often in a row it had to wait for the store's budget. */
  throttled?: number
  blocked?: { since: number; code: string; detail: string }
  /** The last few that failed, for its story. */
  tries?: { at: number; step: 'probe' | 'revoke'; code: ProblemCode }[]
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
  secret(id: string): Promise<SecretView>
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
  stores: ReadonlyMap<string, Store>
  /** The secret registry. */
  secrets: ReadonlyMap<string, SecretConfig>
  boundMs: number
  /** A leak of one credential ends the sessions that hold it. */
  endOnLeak: boolean
  /** Of a rotation: half of it a leaked version may wait for its successor. */
  rotationBoundMs: number
  recheckMs: number
  observe(event: WorkEvent): void
  crashPoint: PassCrashPoint
}

/** What becomes of a piece of work: over, or offered again at `at` (epoch ms). */
export type Settled = { state: 'over' } | { state: 'again'; at: number }

/** Seals a value for one credential, and opens it again: only for that credential, only with the ring that sealed it. */
export type Sealing = {
  /** Deterministic: one value, credential and key make one blob. */
  seal(cid: string, value: string): { id: string; blob: string }
  /** Undefined: its key is not in the ring, or it was sealed for another credential. */
  open(cid: string, blob: string): string | undefined
}
