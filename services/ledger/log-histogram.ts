/**
 * Counts by size in fixed logarithmic buckets: each is the eighth root of two wider than the one before, so that what is read
 * out of it is at most 4.5 % off (2^(1/16) - 1), and half a millisecond. Histograms of any size and origin can be added up.
 */
export type Histogram = { low: number; counts: number[] }

const perOctave = 8
const widest = 8 * 30
/** Of a value that is read out. */
export const histogramError = 2 ** (1 / (2 * perOctave)) - 1

export const emptyHistogram = (): Histogram => ({ low: 0, counts: [] })

const bucketOf = (ms: number): number => (ms < 1 ? 0 : Math.min(widest, 1 + Math.floor(Math.log2(ms) * perOctave)))
const middleOf = (bucket: number): number => (bucket === 0 ? 0 : 2 ** ((bucket - 0.5) / perOctave))

/** Only the range that is used takes room: deaths of one store within minutes are alike. */
const addAt = (into: Histogram, bucket: number, count: number): void => {
  const { counts } = into
  if (counts.length === 0) into.low = bucket
  while (bucket < into.low) {
    counts.unshift(0)
    into.low -= 1
  }
  const at = bucket - into.low
  while (counts.length <= at) counts.push(0)
  counts[at] = (counts[at] ?? 0) + count
}

export const addValue = (into: Histogram, ms: number): void => addAt(into, bucketOf(ms), 1)

export const addAll = (into: Histogram, from: Histogram): void => {
  for (const [i, count] of from.counts.entries()) if (count > 0) addAt(into, from.low + i, count)
}

export const sizeOf = ({ counts }: Histogram): number => counts.reduce((sum, count) => sum + count, 0)

/** Undefined: nothing was counted. */
export const quantileOf = (histogram: Histogram, share: number): number | undefined => {
  const total = sizeOf(histogram)
  const wanted = Math.min(total - 1, Math.floor(share * total))
  let seen = 0
  for (const [i, count] of histogram.counts.entries()) {
    seen += count
    if (seen > wanted) return middleOf(histogram.low + i)
  }
  return undefined
}
