import type { DueCause, Verdict } from '../decide.ts'
import type { Problem } from '../errors.ts'
import type { Settled, WorkNote, WorkParts } from '../ports.ts'
import type { CredentialView } from '../view.ts'
import { retryable } from './decide-rotation.ts'
import { requestedFact } from './rotating.ts'

type Due = Extract<Verdict, { due: true }>
/** Causes that leave no time: the version dies without a successor once half of the rotation's bound is over. */
const urgent: readonly DueCause['cause'][] = ['leaked', 'forced']

/**
 * A version of a registered secret is shared by nature: it is replaced first, and revoked when the new one has taken its place.
 * Undefined: it may be revoked now. A leaked version waits for its successor half of the rotation's bound, never longer: that
 * the leaked value dies matters more than that its consumers have another one.
 */
export const replaceFirst = async (
  parts: WorkParts,
  view: CredentialView,
  verdict: Due,
  note: WorkNote,
): Promise<Settled | undefined> => {
  const { cause } = verdict.cause
  if (cause === 'expired') return undefined
  const standing = view.held.filter(one => !one.superseded && parts.secrets.has(one.secret))
  if (standing.length === 0) return undefined
  const leaves = urgent.includes(cause) ? verdict.at + parts.rotationBoundMs / 2 : Number.POSITIVE_INFINITY
  let waits = false
  for (const { secret } of standing) waits = (await askForRotation(parts, { cid: view.cid, cause }, secret)) || waits
  if (!waits || parts.now() >= leaves) return undefined
  return wait(parts, view, note, standing.map(one => one.secret).join(', '), leaves)
}

/** False: nothing can take its place, and nothing is waited for. */
export const askForRotation = async (
  parts: WorkParts,
  version: { cid: string; cause: DueCause['cause'] },
  secret: string,
): Promise<boolean> => {
  const { cid, cause } = version
  const config = parts.secrets.get(secret)
  const state = await parts.projection.secret(secret)
  if (state.rotations.some(one => one.requested?.version === cid && one.ended?.result === 'impossible')) return false
  const compromised = urgent.includes(cause)
  // It ends with a rotation that is asked for by somebody else.
  if (!compromised && !config?.afterTask) return true
  if (state.versions.some(one => one.cid === cid && one.superseded)) return true
  const named = compromised ? (cause === 'forced' ? 'forced' : 'leaked') : 'task_finished'
  const request = retryable(secret, state, { cause: named, compromised, version: cid }, parts.now())
  if (!request) return true
  await parts.facts
    .append([requestedFact(parts.now(), secret, request)])
    .catch(() => parts.observe({ event: 'facts_unavailable', cid }))
  return true
}

const wait = async (parts: WorkParts, view: CredentialView, note: WorkNote, secrets: string, leaves: number) => {
  const detail = Number.isFinite(leaves)
    ? `a new version of ${secrets} comes first, until ${new Date(leaves).toISOString()}`
    : `a version of ${secrets}: it ends with the next rotation`
  const problem: Problem = { code: 'replaced_first', detail }
  note.blocked = { since: note.blocked?.since ?? parts.now(), ...problem }
  await parts.projection.saveNote(view.cid, note)
  return { state: 'again', at: Math.min(parts.now() + 500, leaves) } as const
}
