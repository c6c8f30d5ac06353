import type { Settled, WorkParts } from './ports.ts'
import type { CredentialView } from './view.ts'

/** Dead stays dead (invariant 8): looked at once more after its proof. Seen alive, it is due again in a new epoch. */
export const recheck = async (parts: WorkParts, view: CredentialView): Promise<Settled> => {
  const store = parts.stores.get(view.store)
  if (view.receipt === undefined || view.receipt.outcome === 'impossible' || !store) return { state: 'over' }
  const probe = await store.probe(view, 'probe')
  if (probe.state === 'dead') return { state: 'over' }
  if (probe.state === 'unknown') return { state: 'again', at: parts.now() + 30_000 }
  const epoch = view.epoch + 1
  const at = parts.now()
  await parts.facts.append([
    { v: 1, kind: 'relapsed', at, event: `relapse-${epoch}`, by: 'curfew', cid: view.cid, epoch },
  ])
  parts.observe({ event: 'relapsed', store: store.id, cid: view.cid, epoch })
  return { state: 'over' }
}
