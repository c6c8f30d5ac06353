import type { Cause } from '../../schemas/grant.ts'
import { type LagWindow, lagWindows } from '../../schemas/http-lag.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { addLag, addOutcome, emptyCell, type LagCell } from './lag-cell.ts'

/**
 * Seven days of deaths, as counts: what it takes depends on slots, stores and causes, and not on how many died. Built from
 * the outcome facts in any order, so that a start finds what was there before it.
 */
export type LagHistory = {
  add(receipt: Receipt): void
  /** The cells of a window, each with the number of its bucket. */
  cells(query: { tenants: string[]; window: LagWindow; now: number }): Found[]
  /** How many slots are held: a bound for tests. */
  slots(): number
}
export type Found = { bucket: number; store: string; cause: Cause; cell: LagCell }
type Named = { tenant: string; store: string; cause: Cause; cell: LagCell }
type Level = { stepMs: number; keptMs: number; slots: Map<number, Map<string, Named>> }

const hourMs = 3_600_000
const levelsOf = (): Record<LagWindow, Level> => {
  const level = (stepMs: number, keptMs: number): Level => ({ stepMs, keptMs, slots: new Map() })
  const fine = level(10_000, hourMs)
  return { '15m': fine, '1h': fine, '24h': level(300_000, 24 * hourMs), '7d': level(hourMs, 7 * 24 * hourMs) }
}

/** A receipt may be told twice within a crash's distance, not across days. */
const remembered = 50_000

export const lagHistory = (now: () => number): LagHistory => {
  const levels = levelsOf()
  const distinct = [...new Set(Object.values(levels))]
  /** By receipt id: does it have a lag already? */
  const known = new Map<string, boolean>()

  const remember = (receipt: Receipt): { outcome: boolean; lag: boolean } => {
    const before = known.get(receipt.receipt)
    const hasLag = receipt.deadSince !== undefined
    known.set(receipt.receipt, before === true || hasLag)
    if (known.size > remembered) known.delete(known.keys().next().value ?? '')
    return { outcome: before === undefined, lag: hasLag && before !== true }
  }
  return {
    add: receipt => {
      const counts = remember(receipt)
      if (!counts.outcome && !counts.lag) return
      const tenant = (receipt.grants[0] ?? receipt.versions?.[0])?.tenant ?? ''
      const at = Math.min(receipt.deadSince ?? receipt.settledAt, now())
      for (const level of distinct) {
        if (at < now() - level.keptMs - level.stepMs) continue
        const { cell } = cellOf(level, at, now(), { tenant, store: receipt.store, cause: receipt.cause })
        if (counts.outcome) addOutcome(cell, receipt)
        if (counts.lag) addLag(cell, receipt)
      }
    },
    cells: ({ tenants, window, now: at }) => {
      const { from, stepMs, buckets } = bucketsOf(window, at)
      forgetOld(levels[window], at)
      return [...levels[window].slots].flatMap(([start, slot]) => {
        const bucket = Math.floor((start - from) / stepMs)
        if (bucket < 0 || bucket >= buckets) return []
        return [...slot.values()]
          .filter(one => tenants.includes(one.tenant))
          .map(({ store, cause, cell }) => ({ bucket, store, cause, cell }))
      })
    },
    slots: () => distinct.reduce((sum, level) => sum + level.slots.size, 0),
  }
}

/** Buckets begin at whole multiples of their length: the same receipt stays in the same one. The last is under way. */
export const bucketsOf = (window: LagWindow, now: number) => {
  const { lengthMs, stepMs } = lagWindows[window]
  const buckets = lengthMs / stepMs
  const last = Math.floor(now / stepMs) * stepMs
  return { from: last - (buckets - 1) * stepMs, stepMs, buckets }
}

const cellOf = (level: Level, at: number, now: number, name: Omit<Named, 'cell'>): Named => {
  const start = Math.floor(at / level.stepMs) * level.stepMs
  let slot = level.slots.get(start)
  if (!slot) {
    forgetOld(level, now)
    slot = new Map()
    level.slots.set(start, slot)
  }
  const key = JSON.stringify([name.tenant, name.store, name.cause])
  const found = slot.get(key) ?? { ...name, cell: emptyCell() }
  slot.set(key, found)
  return found
}

const forgetOld = ({ slots, keptMs, stepMs }: Level, now: number) => {
  for (const start of slots.keys()) if (start < now - keptMs - stepMs) slots.delete(start)
}
