import type { Attempt } from './attempt.ts'
import type { Credential, ProbeResult, WorkNote } from './ports.ts'
import type { CredentialView } from './view.ts'

/** The credential as its store may know it: seen alive also where only the note knows so far. */
export const credentialOf = (view: CredentialView, note: WorkNote): Credential => ({
  ...view,
  seenAt: view.seenAt ?? note.seenAt,
})

/**
 * The store's word, believed as far as it may be: a witness that was never told "alive" about this credential may be told
 * "inactive" of a living one (RFC 7662 section 2.2 allows it), so its "dead" is unknown where another one saw it alive.
 */
export const believedProbe = async ({ store, view, note, lane }: Attempt): Promise<ProbeResult> => {
  const result = await store.probe(credentialOf(view, note), lane)
  if (result.state !== 'dead' || result.witness === undefined) return result
  if (view.seenAt === undefined && note.seenAt === undefined) return result
  if (view.witnesses.includes(result.witness) || note.witness === result.witness) return result
  const detail = `${result.witness} was never told that it is alive: its "inactive" proves nothing`
  return { state: 'unknown', problem: { code: 'protocol', detail } }
}
