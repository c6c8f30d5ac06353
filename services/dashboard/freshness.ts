import { age } from './format.ts'

/** What is older than this is not shown as now. The server reads once a second. */
export const staleAfterMs = 6_000

export type Heard = {
  /** When the newest message came, by this machine's clock, and by the server's. */
  receivedAt: number
  serverAt: number
  /** When the state that is shown was read, by the server's clock. */
  readAt: number
}
export type Freshness = { live: boolean; ageMs: number; text: string }

/** Both clocks are only compared with themselves: a wrong clock on either side does not make old news look new. */
export const serverNow = ({ receivedAt, serverAt }: Heard, now: number): number =>
  serverAt + Math.max(0, now - receivedAt)

export const freshnessOf = (heard: Heard | undefined, now: number, trouble: string | undefined): Freshness => {
  if (!heard) return { live: false, ageMs: 0, text: trouble ?? 'Connecting to Curfew …' }
  const ageMs = Math.max(0, serverNow(heard, now) - heard.readAt)
  if (ageMs < staleAfterMs && trouble === undefined) return { live: true, ageMs, text: 'live' }
  return { live: false, ageMs, text: `${trouble ?? 'No news from Curfew.'} What you see is ${age(ageMs)} old.` }
}
