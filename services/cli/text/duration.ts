/** Two units at most, as people say it: `380 ms`, `2.1 s`, `38s`, `4m12s`, `3h05m`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  const hours = Math.floor(seconds / 3_600)
  return hours < 48 ? `${hours}h${two(Math.floor((seconds % 3_600) / 60))}m` : `${Math.floor(hours / 24)}d`
}

/** `12:41:17.004`, in UTC. */
export const clock = (at: number): string => new Date(at).toISOString().slice(11, 23)
/** `2026-11-24 12:41:17 UTC`. */
export const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

export const fromNow = (at: number, now: number): string =>
  at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`
