import { canaryTenant, type ReceiptList } from '../../schemas/http.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { LastHour } from '../../schemas/status.ts'
import { outcomeRank } from '../pipeline/fold.ts'
import { less } from '../pipeline/memory-state.ts'

/** The newest receipts, in memory: the state keeps them by credential, people ask for them by time. */
export type RecentReceipts = {
  /** False: a repetition of a receipt that is known. */
  add(receipt: Receipt): boolean
  list(query: { tenants: string[]; since: number; limit: number; plan?: string | undefined }): ReceiptList
  lastHour(now: number): LastHour
  /** The history was read up to where it ended when this process started. */
  markRead(): void
  isRead(): boolean
}

/** A canary's death says that Curfew works; it is not counted among the deaths of others. */
export const isCanary = (receipt: Receipt): boolean =>
  receipt.grants.length > 0 && receipt.grants.every(grant => grant.tenant === canaryTenant)

const kept = 20_000
const hourMs = 3_600_000

export const recentReceipts = (): RecentReceipts => {
  let receipts = new Map<string, Receipt>()
  let forgottenUpTo = 0
  let read = false
  const newestFirst = () => [...receipts.values()].sort((a, b) => b.settledAt - a.settledAt)

  const forgetOldest = () => {
    const sorted = newestFirst()
    forgottenUpTo = sorted[kept]?.settledAt ?? forgottenUpTo
    receipts = new Map(sorted.slice(0, kept).map(one => [one.receipt, one]))
  }
  return {
    add: receipt => {
      const known = receipts.get(receipt.receipt)
      if (!known || less(outcomeRank(receipt), outcomeRank(known))) receipts.set(receipt.receipt, receipt)
      if (receipts.size > 2 * kept) forgetOldest()
      return !known
    },
    list: ({ tenants, since, limit, plan }) => {
      const found = newestFirst().filter(
        one =>
          one.settledAt >= since &&
          (plan === undefined || one.forced?.plan === plan) &&
          [...one.grants, ...(one.versions ?? [])].some(holder => tenants.includes(holder.tenant)),
      )
      const complete = read && found.length <= limit && forgottenUpTo < Math.max(1, since)
      return { receipts: found.slice(0, limit), complete }
    },
    lastHour: now => {
      const hour = [...receipts.values()].filter(one => one.settledAt > now - hourMs && !isCanary(one))
      return { ...countOutcomes(hour), complete: read && forgottenUpTo < now - hourMs }
    },
    markRead: () => {
      read = true
    },
    isRead: () => read,
  }
}

const countOutcomes = (receipts: Receipt[]): Omit<LastHour, 'complete'> => {
  const count = (outcome: Receipt['outcome']) => receipts.filter(one => one.outcome === outcome).length
  const lags = receipts
    .flatMap(one => (one.deadSince === undefined ? [] : [Math.max(0, one.deadSince - one.dueAt)]))
    .sort((a, b) => a - b)
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(share * lags.length))] ?? 0
  return {
    died: count('verified'),
    impossible: count('impossible'),
    unproven: count('unproven'),
    goneBeforeSeen: count('gone_before_seen'),
    ...(lags.length === 0 ? {} : { lagMs: { p50: at(0.5), p99: at(0.99), max: at(1) } }),
  }
}
