import type { Cause } from '../../schemas/grant.ts'
import type { CauseLag, Lag, LagQuantiles, LagWindow, StoreLag } from '../../schemas/http-lag.ts'
import { type LagCell, quantilesOf, stagesOf, sumOfCells } from './lag-cell.ts'
import { bucketsOf, type Found, type LagHistory } from './lag-history.ts'
import { histogramError } from './log-histogram.ts'

export type LagQuery = { tenants: string[]; window: LagWindow; now: number; boundMs: number; complete: boolean }

/** The history of a window as people read it: a line per store, bars per cause, and the sums of both. */
export const lagAnswer = (history: LagHistory, { tenants, window, now, boundMs, complete }: LagQuery): Lag => {
  const { from, stepMs, buckets } = bucketsOf(window, now)
  const found = history.cells({ tenants, window, now })
  const error = Math.round(histogramError * 1_000) / 1_000
  return {
    window,
    now,
    from,
    stepMs,
    buckets,
    boundMs,
    error,
    complete,
    stores: grouped(found, one => one.store)
      .map(([store, mine]) => storeLag(store, mine, buckets))
      .sort((a, b) => a.store.localeCompare(b.store)),
    causes: grouped(found, one => one.cause)
      .map(([cause, mine]) => causeLag(cause, mine, buckets))
      .filter(one => one.died > 0)
      .sort((a, b) => b.died - a.died),
    cells: grouped(found, one => `${one.store} ${one.cause}`).flatMap(([, mine]) => cellOf(mine)),
  }
}

const grouped = <K extends string>(found: Found[], keyOf: (one: Found) => K): [K, Found[]][] => [
  ...Map.groupBy(found, keyOf),
]
const sum = (found: readonly Found[]): LagCell => sumOfCells(found.map(one => one.cell))
const lagOf = (cell: LagCell): { lagMs?: LagQuantiles } => {
  const lagMs = quantilesOf(cell)
  return lagMs ? { lagMs } : {}
}

const storeLag = (store: string, found: Found[], buckets: number): StoreLag => {
  const whole = sum(found)
  const stageMs = stagesOf(whole)
  const byBucket = Map.groupBy(found, one => one.bucket)
  const series = Array.from({ length: buckets }, (_, i) => {
    const mine = byBucket.get(i)
    return mine && quantilesOf(sum(mine))
  })
  const line = (key: keyof LagQuantiles) => series.map(one => one?.[key] ?? null)
  return {
    store,
    died: whole.outcomes.verified,
    ...lagOf(whole),
    ...(stageMs ? { stageMs } : {}),
    series: { p50: line('p50'), p99: line('p99'), max: line('max') },
  }
}

const causeLag = (cause: Cause, found: Found[], buckets: number): CauseLag => {
  const series = Array.from({ length: buckets }, () => 0)
  for (const { bucket, cell } of found) series[bucket] = (series[bucket] ?? 0) + cell.outcomes.verified
  const whole = sum(found)
  return { cause, died: whole.outcomes.verified, ...lagOf(whole), series }
}

const cellOf = (found: Found[]): Lag['cells'] => {
  const [first] = found
  if (!first) return []
  const whole = sum(found)
  const { verified, impossible, unproven, gone_before_seen: goneBeforeSeen } = whole.outcomes
  return [
    { store: first.store, cause: first.cause, died: verified, impossible, unproven, goneBeforeSeen, ...lagOf(whole) },
  ]
}
