import { type Attempt, again, backoffMs, blocked, loadNote } from './attempt.ts'
import { believedProbe, credentialOf } from './believed-probe.ts'
import { containInstead } from './contain.ts'
import { decide, type Verdict } from './decide.ts'
import { endSessions } from './end-sessions.ts'
import type { Problem } from './errors.ts'
import { neverSeen } from './first-probe.ts'
import { retired } from './keeper.ts'
import { appendOutcome, appendSeen } from './outcome.ts'
import type { Lane, ProbeResult, Settled, WorkNote, WorkParts } from './ports.ts'
import { endKeptVersion, registered } from './rotation/kept-version.ts'
import { replaceFirst } from './rotation/replace-first.ts'
import type { CredentialView } from './view.ts'

const over: Settled = { state: 'over' }

/**
 * Revocation, written once for every store: decide again, probe, step, probe, and only then say that it is dead.
 * Idempotent and resumable at every line: what is remembered between attempts is a hint, the facts and the probes decide.
 */
export const revoke = async (parts: WorkParts, cid: string, lane: Lane): Promise<Settled> => {
  const view = await parts.projection.load(cid)
  if (!view || view.receipt) return over
  const marks = await parts.projection.marks()
  // Half a history: a wipe or a FLUSHALL came between the taking and this.
  if (!marks.ready) return { state: 'again', at: parts.now() + 1_000 }
  const verdict = decide(view, parts.now(), marks)
  // Soon, whatever comes next: a cause that is folded while this job ends must not wait for that.
  if (!verdict.due) return { state: 'again', at: parts.now() + 1_000 }
  const note = await loadNote(parts, view, verdict.at)
  const store = parts.stores.get(view.store)
  if (!store) {
    const problem: Problem = { code: 'protocol', detail: `no store "${view.store}" in the config` }
    return blocked({ parts, view, note, lane }, 'probe', problem)
  }
  if (!(await admitted(parts, view, verdict, note))) return { state: 'again', at: parts.now() + 5_000 }
  if (parts.endOnLeak && verdict.cause.cause === 'leaked') await endSessions(parts, view, verdict)
  const waits = await replaceFirst(parts, view, verdict, note)
  if (waits) return waits
  const attempt: Attempt = { parts, view, store, lane, cause: verdict.cause, dueAt: verdict.at, note }
  const secret = registered(parts, view)
  if (secret) return endKeptVersion(attempt, secret)
  const impossible = store.impossible(view)
  if (impossible !== undefined) return appendOutcome(attempt, { outcome: 'impossible', reason: impossible })
  note.attempts += 1
  if (store.contain) return containInstead(attempt)
  return kill(attempt)
}

const kill = async (attempt: Attempt): Promise<Settled> => {
  const { parts, view, store, lane, note } = attempt
  const before = await believedProbe(attempt)
  if (before.state === 'dead') return refused(attempt, before)
  if (before.state === 'unknown') {
    parts.observe({ event: 'problem', store: store.id, cid: view.cid, step: 'probe', problem: before.problem })
    if (waits(attempt, before.problem)) return blocked(attempt, 'probe', before.problem)
    const until = looksUntil(attempt, before.problem)
    if (until !== undefined) return noLaterThan(until, await blocked(attempt, 'probe', before.problem))
  } else if (before.state === 'impossible') return appendOutcome(attempt, { ...before, outcome: 'impossible' })
  else if ((await accepted(attempt, before)) === 'inside_window') return watchWindow(attempt)

  parts.crashPoint('before_step')
  const step = await store.revoke(credentialOf(view, note), lane)
  parts.crashPoint('after_step')
  if (step.state === 'impossible') return appendOutcome(attempt, { ...step, outcome: 'impossible' })
  if (step.state === 'failed') return blocked(attempt, 'revoke', step.problem)
  note.steppedAt = parts.now()
  note.throttled = 0
  note.steppedOnLiving = before.state === 'alive'
  note.queued = step.state === 'queued'
  delete note.blocked
  const after = await believedProbe(attempt)
  parts.crashPoint('after_probe')
  if (after.state === 'dead') return refused(attempt, after)
  if (after.state === 'impossible') return appendOutcome(attempt, { ...after, outcome: 'impossible' })
  if (after.state === 'unknown') return blocked(attempt, 'probe', after.problem)
  // Success without effect, or queued: never believed, asked again soon.
  note.acceptedAt = after.at ?? parts.now()
  delete note.refusedSince
  delete note.steppedOnLiving
  return again(parts, view, note, step.state === 'queued' ? 250 : backoffMs(note))
}

/**
 * Seen alive: durable before the step, so that a later refusal proves a death. Inside the window of a step that is what a
 * door may still do: recorded, and waited for. After the window the step is done again, and the window was too small.
 */
const accepted = async (
  attempt: Attempt,
  { at, witnesses = [] }: Extract<ProbeResult, { state: 'alive' }>,
): Promise<'inside_window' | 'step'> => {
  const { parts, view, store, note } = attempt
  const now = at ?? parts.now()
  note.acceptedAt = now
  delete note.refusedSince
  const newWitness = witnesses.some(witness => !view.witnesses.includes(witness))
  if (view.seenAt === undefined || newWitness) await appendSeen(attempt, now, witnesses)
  if (note.steppedAt === undefined || note.queued) return 'step'
  const afterMs = now - note.steppedAt
  // Accepted since: that step did not end it, whatever comes now may have another cause.
  delete note.steppedOnLiving
  if (afterMs <= store.propagationMs) return 'inside_window'
  parts.observe({ event: 'window_too_small', store: store.id, cid: view.cid, afterMs })
  delete note.steppedAt
  return 'step'
}

/** Refused: dead only if it was once seen alive, and only after the store's propagation window. */
const refused = async (attempt: Attempt, probe: Extract<ProbeResult, { state: 'dead' }>): Promise<Settled> => {
  const { parts, view, store, note } = attempt
  const now = probe.at ?? parts.now()
  note.refusedSince ??= now
  delete note.blocked
  if (view.seenAt === undefined && note.seenAt === undefined) return neverSeen(attempt, now)
  if (provenFrom(attempt, probe, now) < provenAt(attempt)) return watchWindow(attempt)
  if (store.role === 'keeper') return retired(attempt)
  if (probe.onlyAfterStep !== undefined && !note.steppedOnLiving && view.replacedBy === undefined)
    return appendOutcome(attempt, { outcome: 'impossible', reason: probe.onlyAfterStep })
  if (probe.evidence === 'issuer')
    return appendOutcome(attempt, {
      outcome: 'impossible',
      reason: 'only the issuer says so',
      evidence: 'issuer',
      exposedUntil: probe.exposedUntil,
    })
  return appendOutcome(attempt, { outcome: 'verified', evidence: probe.evidence })
}

/** With a window the question must have been asked after it: a late answer may speak of a moment inside. */
const provenFrom = ({ store }: Attempt, { began }: { began?: number | undefined }, now: number) =>
  store.propagationMs === 0 ? now : (began ?? now)

/** It may have died by itself or in an attempt that was not recorded: then the window counts from the first refusal. */
const provenAt = ({ parts, store, note }: Attempt) =>
  (note.steppedAt ?? note.refusedSince ?? parts.now()) + store.propagationMs

/** Waited for in the due index, not in a worker; probed meanwhile, so that `deadSince` knows of every acceptance inside. */
const watchWindow = (attempt: Attempt): Promise<Settled> => {
  const { parts, view, store, note } = attempt
  const everyMs = Math.max(200, store.propagationMs / 40)
  return again(parts, view, note, Math.min(everyMs, provenAt(attempt) - parts.now()))
}

const admitted = async (
  parts: WorkParts,
  view: CredentialView,
  verdict: Extract<Verdict, { due: true }>,
  note: WorkNote,
): Promise<boolean> => {
  if (!verdict.inferred || (await parts.projection.admit(view.cid))) {
    delete note.heldSince
    return true
  }
  note.heldSince ??= parts.now()
  await parts.projection.saveNote(view.cid, note)
  parts.observe({ event: 'held', store: view.store, cid: view.cid, cause: verdict.cause.cause })
  return false
}

/**
 * Until when (epoch ms) what was never seen alive is looked at again first: the store does not answer or its look is put off, and a step
 * that gets through a moment later would kill it unproven. That is a part of the bound from the first try on and three tries at least,
 * since nobody looked before it or while a killed worker was away. A look that we put off ourselves must leave enough of the bound for the
 * step. Then killing it matters more than proving it.
 */
const looksUntil = ({ parts, view, note, dueAt }: Attempt, { code, putOff }: Problem): number | undefined => {
  if (!putOff && code !== 'unreachable' && code !== 'timeout') return undefined
  if (view.seenAt !== undefined || note.seenAt !== undefined) return undefined
  const now = parts.now()
  const { since, tries } = note.looking && note.looking.since >= dueAt ? note.looking : { since: now, tries: 0 }
  note.looking = { since, tries: tries + 1 }
  const latest = putOff ? dueAt + 0.8 * parts.boundMs : Number.POSITIVE_INFINITY
  if (now >= latest || (now >= since + parts.boundMs / 3 && tries + 1 >= fewestLooks)) return undefined
  return Math.min(latest, Math.max(since + parts.boundMs / 3, now + 1_000))
}
const fewestLooks = 3

const noLaterThan = (at: number, settled: Settled): Settled =>
  settled.state === 'again' ? { ...settled, at: Math.min(settled.at, at) } : settled

/**
 * Problems that the step would only repeat; after a timeout or a 403 on the probe alone the step is still tried. A look that is put
 * off is waited for after the step, for the proof, and not before it.
 */
const waits = ({ note }: Attempt, { code, putOff }: Problem): boolean =>
  code === 'sealed' || (code === 'throttled' && (!putOff || note.steppedAt !== undefined))
