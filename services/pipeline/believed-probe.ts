import type { Attempt } from './attempt.ts'
import type { Credential, ProbeResult, WorkNote } from './ports.ts'
import type { CredentialView } from './view.ts'

/** The credential as its store may know it: seen alive also where only the note knows so far. */
export const credentialOf = (view: CredentialView, note: WorkNote): Credential => ({
  ...view,
  seenAt: view.seenAt ?? note.seenAt,
  witnesses: witnessesOf(view, note),
})
const witnessesOf = (view: CredentialView, note: WorkNote) => [...view.witnesses, ...(note.witnesses ?? [])]

/**
 * The store's word, believed as far as it may be: a witness that was never told "alive" about this credential may be told
 * "inactive" of a living one (RFC 7662 section 2.2 allows it), so its "dead" is unknown where another one saw it alive.
 */
export const believedProbe = async (attempt: Attempt): Promise<ProbeResult> => {
  const { store, view, note, lane } = attempt
  const began = attempt.parts.now()
  const result = inTime(await store.probe({ ...credentialOf(view, note), notBefore: looksFrom(attempt) }, lane), began)
  if (result.state !== 'dead' || (view.seenAt === undefined && note.seenAt === undefined)) return result
  const known = witnessesOf(view, note)
  const stranger = result.witnesses?.find(witness => !known.includes(witness))
  if (stranger === undefined) return result
  const detail = `${stranger} was never told that it is alive: its "inactive" proves nothing`
  return { state: 'unknown', problem: { code: 'protocol', detail } }
}

const inTime = (result: ProbeResult, began: number): ProbeResult =>
  result.state === 'dead' ? { ...result, began: result.began ?? began } : result

/** A look that began before it was due, before its last grant, its relapse, its step, or the end of that step's window, says nothing of now. */
const looksFrom = ({ parts, view, store, note, cause, dueAt }: Attempt): number => {
  const changedAt = note.steppedAt ?? note.refusedSince
  if (changedAt === undefined) {
    // A death is of the time since it was due: an older look may have seen a moment's disorder.
    const since = cause.cause === 'first_probe' ? 0 : dueAt
    return Math.max(since, view.relapsedAt ?? 0, ...[...view.grants, ...view.held].map(one => one.at))
  }
  const settlesAt = changedAt + store.propagationMs
  return parts.now() < settlesAt ? changedAt : settlesAt
}
