import type { Cause } from '../../schemas/grant.ts'
import type { CredentialView, GrantView } from './view.ts'

/**
 * `hard`: later facts can only move it earlier, it acts at once. `expiry` and `idle`: a later fact can move it later, it
 * waits until the input that could carry that fact was read and folded past its deadline.
 */
export type CauseClass = 'hard' | 'expiry' | 'idle'
export type DueCause = {
  cause: Cause
  at: number
  class: CauseClass
  /** Kills that were only inferred fall under the cap. */
  inferred: boolean
  /** The session whose end it is; absent: the credential's own (expiry, leak, force). */
  sid?: string
}

/** How far the inputs were read and folded, in epoch ms; 0: not known yet. */
export type Marks = {
  grantsRead: number
  lifecycleRead: number
  expiryHoldMs: number
  /** A held expiry's clock starts here at the earliest: what was not read while we were down is not late yet. */
  holdFrom: number
}

export type Verdict =
  | { due: false; nextAt: number | undefined }
  | { due: true; cause: DueCause; at: number; inferred: boolean; late: boolean }

/** Every cause that this credential has, whenever it is due. */
export const causesOf = (view: CredentialView): DueCause[] => {
  const own = (cause: Cause, at: number | undefined, kind: CauseClass, inferred = false): DueCause[] =>
    at === undefined ? [] : [{ cause, at, class: kind, inferred }]
  const firstGrantAt = firstKnownAt(view)
  const sinceGrant = (at: number | undefined) => (at === undefined ? undefined : Math.max(at, firstGrantAt))
  return [
    ...own('forced', sinceGrant(view.forced?.at), 'hard'),
    ...own('forced', sinceGrant(view.inferredForce?.at), 'hard', true),
    ...own('leaked', sinceGrant(view.leakedValueAt), 'hard'),
    ...own('leaked', sinceGrant(view.leakedPrintAt), 'hard', true),
    ...own('expired', view.fixedExpiresAt, 'hard'),
    ...own('expired', view.expiresAt, 'expiry'),
    ...view.held.flatMap(({ superseded }) => own(superseded?.cause ?? 'rotated', superseded?.at, 'hard')),
    ...view.grants.flatMap(grantCauses),
  ]
}

/** Granted, or held as a version of a secret. */
export const firstKnownAt = ({ grants, held }: Pick<CredentialView, 'grants' | 'held'>): number =>
  Math.min(...grants.map(grant => grant.at), ...held.map(one => one.at))

const grantCauses = (grant: GrantView): DueCause[] => {
  const { sid, session } = grant
  const causes: DueCause[] = []
  const add = (cause: Cause, at: number, kind: CauseClass, inferred = false) =>
    causes.push({ cause, at, class: kind, inferred, sid })
  // A grant that is read after its session's end is due from its own receipt on.
  for (const end of [...session.ends, ...grant.tasks.flatMap(task => session.tasks.get(task) ?? [])])
    add(end.cause as Cause, Math.max(end.at, grant.at), 'hard', end.inferred)
  if (session.maxLifeAt !== undefined) add('max_life', Math.max(session.maxLifeAt, grant.at), 'hard')
  if (session.startedAt === undefined) add('unannounced', grant.graceUntil, 'idle', true)
  else if (session.idleMs !== undefined && session.activityAt !== undefined)
    add('idle', Math.max(session.activityAt + session.idleMs, grant.at), 'idle', true)
  return causes
}

/** Pure: (what the facts add up to, now, how far was read) -> due or not, since when, and why. */
export const decide = (view: CredentialView, now: number, marks: Marks): Verdict => {
  if (view.receipt) return { due: false, nextAt: undefined }
  const causes = causesOf(view).sort((a, b) => a.at - b.at)
  const acting = causes.flatMap(cause => {
    const acts = actsNow(cause, now, marks)
    return acts === 'no' ? [] : [{ cause, late: acts === 'late' }]
  })
  const first = acting[0]
  // A cause whose moment has passed waits for unread input: asked again soon, not at the next cause's moment.
  if (!first) return { due: false, nextAt: causes[0] && Math.max(causes[0].at, now + 1_000) }
  // A held credential that has an uncapped cause as well goes at once.
  const inferred = acting.every(({ cause, late }) => cause.inferred || late)
  const { cause } = inferred ? first : (acting.find(a => !a.cause.inferred && !a.late) ?? first)
  return { due: true, cause, at: Math.max(first.cause.at, view.relapsedAt ?? 0), inferred, late: first.late }
}

const actsNow = (cause: DueCause, now: number, marks: Marks): 'no' | 'now' | 'late' => {
  if (cause.at > now) return 'no'
  if (cause.class === 'hard') return 'now'
  if (cause.class === 'idle') return cause.at <= marks.lifecycleRead ? 'now' : 'no'
  if (cause.at <= marks.grantsRead) return 'now'
  // Held for unread input long enough: it acts, under the cap.
  return Math.max(cause.at, marks.holdFrom) + marks.expiryHoldMs <= now ? 'late' : 'no'
}

/** The due index: one score (epoch ms) per lane. Twin of the Lua in services/ledger; a differential test compares them. */
export type IndexScores = Partial<Record<'leak' | 'hard' | 'expiry' | 'idle' | 'probe' | 'recheck', number>>
export const indexScores = (view: CredentialView): IndexScores => {
  if (view.receipt) {
    // What is settled without a second look still has its sealed values to shred.
    const at = view.recheckAt ?? (view.sealed.length > 0 ? view.receipt.settledAt : undefined)
    return at === undefined ? {} : { recheck: at }
  }
  const scores: IndexScores = {}
  const lower = (lane: keyof IndexScores, at: number) => {
    scores[lane] = Math.min(scores[lane] ?? Number.POSITIVE_INFINITY, at)
  }
  for (const cause of causesOf(view)) lower(cause.cause === 'leaked' ? 'leak' : cause.class, cause.at)
  if (view.seenAt === undefined) lower('probe', firstKnownAt(view))
  return scores
}

/** What each holder of the credential is told: its own cause, or that another session's end took it along. */
export const grantCause = (grant: GrantView, cause: DueCause, nameOf: (sid: string) => string): string =>
  cause.sid === undefined || cause.sid === grant.sid ? cause.cause : `shared:${nameOf(cause.sid)}`
