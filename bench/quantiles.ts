export const quantile = (values: number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const row = (name: string, values: number[]): string => {
  const cell = (value: number) => value.toFixed(value < 10 ? 1 : 0).padStart(8)
  return `${name.padEnd(34)}${cell(quantile(values, 0.5))}${cell(quantile(values, 0.99))}${cell(Math.max(...values))}`
}
export const header = `${''.padEnd(34)}${'p50'.padStart(8)}${'p99'.padStart(8)}${'max'.padStart(8)}   (ms)`
