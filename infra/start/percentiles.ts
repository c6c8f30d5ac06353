export type Percentiles = { p50: number; p99: number; max: number }

/** Nearest rank; undefined when there is nothing to rank. */
export const percentiles = (values: number[]): Percentiles | undefined => {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  const [p50, p99, max] = [rank(0.5), rank(0.99), sorted.at(-1)]
  return p50 === undefined || p99 === undefined || max === undefined ? undefined : { p50, p99, max }
}
