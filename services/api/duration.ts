/** Two units at most, as people say it: `380 ms`, `12s`, `4m12s`, `3h05m`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds}s`
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  const hours = Math.floor(seconds / 3_600)
  return hours < 48 ? `${hours}h${two(Math.floor((seconds % 3_600) / 60))}m` : `${Math.floor(hours / 24)}d`
}
