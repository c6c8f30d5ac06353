import type { DueCause } from './decide.ts'
import type { Problem } from './errors.ts'
import type { Lane, Settled, Store, WorkNote, WorkParts } from './ports.ts'
import type { CredentialView } from './view.ts'

/** One attempt's world: what was loaded, decided and remembered. */
export type Attempt = {
  parts: WorkParts
  view: CredentialView
  store: Store
  lane: Lane
  cause: DueCause
  dueAt: number
  note: WorkNote
}

export const loadNote = async (
  parts: WorkParts,
  view: CredentialView,
  dueAt: number | undefined,
): Promise<WorkNote> => {
  const saved = await parts.projection.note(view.cid)
  const note = saved?.epoch === view.epoch ? saved : { epoch: view.epoch, attempts: 0, failures: 0 }
  return dueAt === undefined ? note : { ...note, dueAt }
}

/** Retried for ever, listed with its age and reason: never an end. */
export const blocked = (
  { parts, view, note, lane }: Pick<Attempt, 'parts' | 'view' | 'note' | 'lane'>,
  step: 'probe' | 'revoke',
  problem: Problem,
): Promise<Settled> => {
  parts.observe({ event: 'problem', store: view.store, cid: view.cid, step, problem })
  if (problem.code === 'throttled') return again(parts, view, note, queueMs(note, lane, problem.retryAfterMs))
  note.throttled = 0
  note.failures += 1
  note.tries = [...(note.tries ?? []), { at: parts.now(), step, code: problem.code }].slice(-mostTries)
  note.blocked = { since: note.blocked?.since ?? parts.now(), code: problem.code, detail: problem.detail }
  return again(parts, view, note, Math.min(problem.retryAfterMs ?? backoffMs(note), 10_000))
}

const mostTries = 8

export const again = async (
  parts: WorkParts,
  view: CredentialView,
  note: WorkNote,
  afterMs: number,
): Promise<Settled> => {
  await parts.projection.saveNote(view.cid, note)
  return { state: 'again', at: parts.now() + Math.max(20, Math.round(afterMs)) }
}

/**
 * A pause is the store's, not this credential's: asked again within a part of the bound. A thousand that wait for a slow budget come
 * ever more rarely, so that they do not keep the machine busy with asking; leaks do not wait in that queue.
 */
const queueMs = (note: WorkNote, lane: Lane, pauseMs = 1_000): number => {
  note.throttled = (note.throttled ?? 0) + 1
  if (lane === 'leak') return Math.min(pauseMs, 5_000)
  const spreadMs = pauseMs * 2 ** Math.min(note.throttled, 6) * Math.random()
  return Math.min(Math.max(pauseMs, spreadMs), 8_000 + 2_000 * Math.random())
}

/** Full jitter up to 5 s: what became due again meanwhile must not wait longer than a part of its bound. */
export const backoffMs = (note: WorkNote) =>
  100 + Math.random() * Math.min(5_000, 200 * 2 ** Math.min(note.failures + note.attempts, 6))
