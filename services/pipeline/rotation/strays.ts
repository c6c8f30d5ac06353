import type { Fact } from '../../../schemas/facts.ts'
import type { Problem } from '../errors.ts'
import { credentialId } from '../ids.ts'
import { heldFacts, issueName, type Rotating, supersededFact } from './rotating.ts'

/**
 * What an attempt may have made at the issuer and did not stage: found by its name or as it was reserved, revoked and proven dead like everything else,
 * by the work. `living`: how many of them have no receipt yet.
 */
export const endStrays = async (
  run: Rotating,
  except: string | undefined,
): Promise<{ living: number } | { problem: Problem }> => {
  const { parts, rotation, issuer } = run
  const found = new Set<string>()
  for (const attempt of new Set((rotation.steps.issuing ?? []).map(one => one.attempt))) {
    const handles = (await issuer.named?.(issueName(rotation.rotation, attempt))) ?? []
    if ('problem' in handles) return handles
    for (const handle of handles) found.add(handle)
  }
  for (const { handle } of rotation.steps.reserved ?? []) if (handle !== undefined) found.add(handle)
  // What was issued and never told to its server is no version: it opens nothing.
  const issued = new Set((rotation.steps.issued ?? []).map(one => one.cid))
  const known = run.view.versions.map(one => one.cid).filter(cid => issued.has(cid))
  const unknown = [...found].filter(handle => !known.includes(credentialId(issuer.id, handle)))
  const isHeld = (handle: string) => run.view.versions.some(one => one.cid === credentialId(issuer.id, handle))
  const foundNow = unknown.filter(handle => !isHeld(handle))
  const facts: Fact[] = foundNow.flatMap(handle => heldFacts(run, { handle, rotation: rotation.rotation }).facts)
  const strays = [...known, ...unknown.map(handle => credentialId(issuer.id, handle))].filter(cid => cid !== except)
  for (const cid of strays) {
    const before = run.view.versions.find(one => one.cid === cid)?.superseded
    if (!before) facts.push(supersededFact(run, cid, 'rolled_back', parts.now()))
  }
  for (const handle of foundNow)
    if (credentialId(issuer.id, handle) !== except)
      parts.observeRotation({
        event: 'rotation_stray',
        secret: run.secret.id,
        rotation: rotation.rotation,
        handle,
      })
  if (facts.length > 0) await parts.facts.append(facts)
  return { living: await withoutReceipt(run, strays) }
}

export const withoutReceipt = async ({ parts }: Pick<Rotating, 'parts'>, cids: string[]): Promise<number> => {
  const views = await Promise.all(cids.map(cid => parts.projection.load(cid)))
  return views.filter(view => !view?.receipt).length
}
