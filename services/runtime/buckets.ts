import type { Family, Labels, Sample } from './exposition.ts'
import { helpOf } from './metric-help.ts'

/** 5 ms to 1 h, in seconds. The SLO's bound (30) is one of them. */
export const bucketSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]
const bounds = [...bucketSeconds.map(String), '+Inf']
const sumMark = 'us'

/** What one observation adds, as whole numbers: to the one bucket that it falls into, and to the sum in microseconds. */
export const cellsOf = (name: string, labels: Labels, seconds: number): [field: string, by: number][] => {
  const least = Math.max(0, seconds)
  const bound = bounds[bucketSeconds.findIndex(one => least <= one)] ?? '+Inf'
  return [
    [cell(name, labels, bound), 1],
    [cell(name, labels, sumMark), Math.round(least * 1e6)],
  ]
}

/** A series that was born with its first observation would hide it from `rate`: known ones begin at zero. */
export const zeroCell = (name: string, labels: Labels): [field: string, by: number] => [cell(name, labels, '+Inf'), 0]

const cell = (name: string, labels: Labels, bound: string) => JSON.stringify([name, labels, bound])

/** Cumulative, as Prometheus wants them, from what fell into each bucket. */
export const histogramFamilies = (cells: Iterable<[field: string, count: number]>): Family[] => {
  const series = new Map<string, { name: string; labels: Labels; counts: Map<string, number> }>()
  for (const [field, count] of cells) {
    const [name, labels, bound] = JSON.parse(field) as [string, Labels, string]
    const key = JSON.stringify([name, labels])
    const one = series.get(key) ?? { name, labels, counts: new Map() }
    one.counts.set(bound, count)
    series.set(key, one)
  }
  return [...series.values()].map(({ name, labels, counts }) => ({
    name,
    type: 'histogram',
    help: helpOf(name),
    samples: samplesOf(labels, counts),
  }))
}

const samplesOf = (labels: Labels, counts: ReadonlyMap<string, number>): Sample[] => {
  let upTo = 0
  const buckets = bounds.map((le): Sample => {
    upTo += counts.get(le) ?? 0
    return { suffix: '_bucket', labels: { ...labels, le }, value: upTo }
  })
  const sum: Sample = { suffix: '_sum', labels, value: (counts.get(sumMark) ?? 0) / 1e6 }
  return [...buckets, sum, { suffix: '_count', labels, value: upTo }]
}
