import type { Redis } from 'ioredis'
import type { PlanItem, PlanResult } from '../../schemas/http-plans.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Planned } from '../pipeline/plans.ts'
import { asGrant } from './grant-entries.ts'
import { type Loaded, loadCredentials } from './load-credentials.ts'

const resultOf: Record<Receipt['outcome'], PlanResult> = {
  verified: 'dead',
  impossible: 'impossible',
  unproven: 'unproven',
  gone_before_seen: 'gone',
}
/** What needs a person comes first. */
const order: PlanResult[] = ['blocked', 'alive', 'impossible', 'unproven', 'gone', 'dead']

/** How each credential of a plan stands now. */
export const planResults = async (
  { redis, prefix }: { redis: Redis; prefix: string },
  planned: Planned[],
  most: number,
): Promise<{ counts: Record<PlanResult, number>; items: PlanItem[] }> => {
  const grants = new Map(planned.map(one => [one.cid, one.grants]))
  const counts = Object.fromEntries(order.map(name => [name, 0])) as Record<PlanResult, number>
  const items: PlanItem[] = []
  for (const one of await loadCredentials(redis, prefix, [...grants.keys()])) {
    const item = itemOf(one, grants.get(one.view.cid) ?? [])
    counts[item.result] += 1
    items.push(item)
  }
  items.sort((a, b) => order.indexOf(a.result) - order.indexOf(b.result))
  return { counts, items: items.slice(0, most) }
}

const itemOf = ({ view, note }: Loaded, grants: string[]): PlanItem => {
  const { cid, store, kind, handle, receipt } = view
  const holder = view.grants[0] ?? view.held.map(asGrant)[0]
  const base = { credential: cid, store, kind, handle, session: holder?.session.session ?? '-', grants }
  if (receipt) {
    const { outcome, reason, exposedUntil, deadSince } = receipt
    return {
      ...base,
      result: resultOf[outcome],
      ...(reason === undefined ? {} : { detail: reason }),
      ...(exposedUntil === undefined ? {} : { exposedUntil }),
      ...(deadSince === undefined ? {} : { deadSince }),
      receipt: receipt.receipt,
    }
  }
  const blocked = note?.epoch === view.epoch ? note.blocked : undefined
  return blocked
    ? { ...base, result: 'blocked', code: blocked.code, detail: blocked.detail }
    : { ...base, result: 'alive' }
}
