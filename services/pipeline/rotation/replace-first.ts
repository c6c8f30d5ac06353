import type { DueCause, Verdict } from '../decide.ts'
import type { Problem } from '../errors.ts'
import type { Settled, WorkNote, WorkParts } from '../ports.ts'
import type { CredentialView } from '../view.ts'
import { retryable } from './decide-rotation.ts'

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
  for (const { secret } of standing) waits = (await ask(parts, view, verdict, secret)) || waits
  if (!waits || parts.now() >= leaves) return undefined
  return wait(parts, view, note, standing.map(one => one.secret).join(', '), leaves)
}

/** False: nothing can take its place, and nothing is waited for. */
const ask = async (parts: WorkParts, view: CredentialView, { cause }: Due, secret: string): Promise<boolean> => {
  const config = parts.secrets.get(secret)
  const state = await parts.projection.secret(secret)
  const compromised = urgent.includes(cause.cause)
  const known = state.rotations.filter(one => one.requested?.version === view.cid)
  if (known.some(one => one.ended?.result === 'impossible')) return false
  if (!compromised && !config?.afterTask) return true
  const wanted = compromised
    ? ({ cause: cause.cause === 'forced' ? 'forced' : 'leaked', compromised, version: view.cid } as const)
    : ({ cause: 'task_finished', compromised, version: view.cid } as const)
  const request = retryable(secret, state, wanted, parts.now())
  if (request)
    await parts.facts
      .append([
        {
          v: 1,
          kind: 'rotation.requested',
          at: parts.now(),
          event: request.rotation,
          by: 'curfew',
          secret,
          ...request,
        },
      ])
      .catch(() => parts.observe({ event: 'facts_unavailable', cid: view.cid }))
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
