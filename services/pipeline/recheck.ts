import { watchContained } from './contain.ts'
import type { Settled, WorkParts } from './ports.ts'
import type { CredentialView } from './view.ts'

/**
 * Dead stays dead (invariant 8): looked at once more after its proof. Seen alive, it is due again in a new epoch. Only then are
 * its sealed values shredded: this look, and a new death, need them.
 */
export const recheck = async (parts: WorkParts, view: CredentialView): Promise<Settled> => {
  const store = parts.stores.get(view.store)
  if (view.receipt === undefined || !store) return { state: 'over' }
  if (view.receipt.contained) return (await watchContained(parts, view, store)) ?? shred(parts, view)
  if (view.receipt.outcome === 'impossible') return shred(parts, view)
  const probe = await store.probe({ ...view, notBefore: looksFrom(parts, view) }, 'probe')
  if (probe.state === 'dead' || probe.state === 'impossible')
    return mayYetExist(parts, view) ? { state: 'again', at: nextLook(parts, view) } : shred(parts, view)
  if (probe.state === 'unknown') return { state: 'again', at: parts.now() + 30_000 }
  const epoch = view.epoch + 1
  const at = parts.now()
  await parts.facts.append([
    { v: 1, kind: 'relapsed', at, event: `relapse-${epoch}`, by: 'curfew', cid: view.cid, epoch },
  ])
  parts.observe({ event: 'relapsed', store: store.id, cid: view.cid, epoch })
  return { state: 'over' }
}

/** A store that looks at many at once needs a moment for a new look: one of this second look's time counts, or of the last minute. */
const looksFrom = ({ now }: WorkParts, { receipt, recheckAt }: CredentialView): number =>
  receipt?.outcome === 'unproven' ? now() - 60_000 : (recheckAt ?? now())

/** A version has no session whose longest life bounds it. */
const versionLifeMs = 86_400_000

/** Announced before it exists: looked at until its life is over, since its session's end must reach it. */
const mayYetExist = (
  { now }: WorkParts,
  { receipt, fixedExpiresAt, expiresAt, grants, held }: CredentialView,
): boolean => {
  if (receipt?.outcome !== 'unproven') return false
  const maxLife = Math.max(
    0,
    ...grants.map(grant => grant.session.maxLifeAt ?? 0),
    ...held.map(one => one.at + versionLifeMs),
  )
  return now() < Math.min(fixedExpiresAt ?? maxLife, expiresAt ?? maxLife, maxLife)
}

/** Twice as long after its first look each time, up to the usual time of a second look. */
const nextLook = ({ now, recheckMs }: WorkParts, { receipt }: CredentialView): number =>
  now() + Math.min(recheckMs, Math.max(1_000, now() - (receipt?.settledAt ?? 0)))

const shred = async (parts: WorkParts, view: CredentialView): Promise<Settled> => {
  if (view.sealedIds.length === 0) return { state: 'over' }
  try {
    await parts.facts.append(view.sealedIds.map(id => ({ kind: 'shred' as const, cid: view.cid, id })))
    return { state: 'over' }
  } catch {
    parts.observe({ event: 'facts_unavailable', cid: view.cid })
    return { state: 'again', at: parts.now() + 5_000 }
  }
}
