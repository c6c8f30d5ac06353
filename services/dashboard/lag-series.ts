import type { Lag, LagQuantiles } from '../../schemas/http-lag.ts'

export type Line = { name: string; values: (number | null)[] }
/** Bucket middles, so that a bar stands over its own time. */
export const timesOf = ({ from, stepMs, buckets }: Pick<Lag, 'from' | 'stepMs' | 'buckets'>): number[] =>
  Array.from({ length: buckets }, (_, i) => from + i * stepMs + stepMs / 2)

/** A line per store. A logarithm has no zero: less than a millisecond is drawn as one. */
export const linesOf = ({ stores }: Lag, key: keyof LagQuantiles): Line[] =>
  stores.map(({ store, series }) => ({
    name: store,
    values: series[key].map(ms => (ms === null ? null : Math.max(1, ms))),
  }))

export type Stack = { name: string; own: number[]; top: number[] }
/** Bars on bars: the first cause stands on the ground. */
export const stacksOf = ({ causes, buckets }: Lag): Stack[] => {
  let ground = Array.from({ length: buckets }, () => 0)
  return causes.map(({ cause, series }) => {
    const top = ground.map((height, i) => height + (series[i] ?? 0))
    ground = top
    return { name: cause, own: series, top }
  })
}

/** Where people expect lines on a scale of times: decades of milliseconds and seconds, then minutes and hours. */
const marks = [1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 604_800_000]

/** From mark to mark around what is seen and what is allowed. */
export const scaleAround = (lowest: number | null, highest: number | null, boundMs: number): [number, number] => {
  const [low, high] = [Math.min(lowest ?? 10, boundMs), Math.max(highest ?? 0, boundMs) * 1.2]
  return [marks.findLast(one => one <= low) ?? 1, marks.find(one => one >= high) ?? (marks.at(-1) as number)]
}
export const marksWithin = (low: number, high: number): number[] => marks.filter(one => one >= low && one <= high)

/** A small line on a scale of its own: `[x, y]` in 0..1, y from above, in runs without a gap. */
export const sparkline = (values: readonly (number | null)[]): [number, number][][] => {
  const logs = values.map(one => (one === null ? null : Math.log(Math.max(1, one))))
  const known = logs.filter(one => one !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const runs: [number, number][][] = [[]]
  for (const [i, one] of logs.entries()) {
    if (one === null) runs.push([])
    else runs.at(-1)?.push([i / Math.max(1, values.length - 1), high === low ? 0.5 : 1 - (one - low) / (high - low)])
  }
  return runs.filter(run => run.length > 0)
}
