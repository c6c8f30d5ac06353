import { type Attempt, again, backoffMs, loadNote } from './attempt.ts'
import { believedProbe } from './believed-probe.ts'
import { type DueCause, firstKnownAt } from './decide.ts'
import { appendOutcome, appendSeen } from './outcome.ts'
import type { Settled, WorkParts } from './ports.ts'
import { recheck } from './recheck.ts'
import { firstLook, registered } from './rotation/kept-version.ts'

const over: Settled = { state: 'over' }

/** The first fold of a grant offers this: seen alive is what makes a later refusal a proof. */
export const firstProbe = async (parts: WorkParts, cid: string): Promise<Settled> => {
  const view = await parts.projection.load(cid)
  if (view?.receipt) return recheck(parts, view)
  if (!view || view.seenAt !== undefined) return over
  if (!(await parts.projection.marks()).ready) return { state: 'again', at: parts.now() + 1_000 }
  const store = parts.stores.get(view.store)
  if (!store) return { state: 'again', at: parts.now() + 30_000 }
  const note = await loadNote(parts, view, undefined)
  const now = parts.now()
  const cause: DueCause = { cause: 'first_probe', at: now, class: 'hard', inferred: false }
  const attempt: Attempt = { parts, view, store, lane: 'probe', cause, dueAt: now, note }
  const secret = registered(parts, view)
  if (secret) return firstLook(attempt, secret)
  // Said at registration, not at the end: nobody should rely on it meanwhile.
  const impossible = store.impossible(view)
  if (impossible !== undefined) return appendOutcome(attempt, { outcome: 'impossible', reason: impossible })
  // Nothing can be asked about it: it waits for its end.
  if (store.contain) return again(parts, view, note, 600_000)
  // Seen before, and only its fact is missing: Kafka was away.
  if (note.seenAt !== undefined) {
    await appendSeen(attempt, note.seenAt)
    return over
  }
  const probe = await believedProbe(attempt)
  if (probe.state === 'alive') {
    await appendSeen(attempt, probe.at ?? parts.now(), probe.witnesses)
    return over
  }
  if (probe.state === 'impossible') return appendOutcome(attempt, { ...probe, outcome: 'impossible' })
  if (probe.state === 'dead') {
    // A version that shall stand is not settled by an issuer that does not show it yet: its end would then be nobody's any more.
    const stands = view.held.some(one => !one.superseded)
    return stands ? again(parts, view, note, standingLookMs) : neverSeen(attempt, parts.now())
  }
  parts.observe({ event: 'problem', store: store.id, cid, step: 'probe', problem: probe.problem })
  // A killer may have written its note meanwhile.
  const latest = await loadNote(parts, view, undefined)
  latest.failures += 1
  return again(parts, view, latest, backoffMs(latest))
}

const standingLookMs = 5_000

/** Absent at the first probe: told to the issuer as `unproven`, unless its life was over or we came too late to look. */
export const neverSeen = async (attempt: Attempt, now: number): Promise<Settled> => {
  const { parts, view, note } = attempt
  // Another worker may have seen it alive and killed it since we loaded: its word is read again before ours is given.
  const [latest, saved] = await Promise.all([parts.projection.load(view.cid), parts.projection.note(view.cid)])
  if (!latest || latest.receipt) return over
  if (latest.seenAt !== undefined || (saved?.epoch === view.epoch && saved.seenAt !== undefined))
    return { state: 'again', at: now + 50 }
  const life = Math.min(view.fixedExpiresAt ?? Number.POSITIVE_INFINITY, view.expiresAt ?? Number.POSITIVE_INFINITY)
  const receivedAt = firstKnownAt(view)
  const late = now > life || now - receivedAt > parts.boundMs
  return appendOutcome({ ...attempt, note }, late ? { outcome: 'gone_before_seen' } : { outcome: 'unproven' })
}
