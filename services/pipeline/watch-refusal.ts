import type { ProbeResult, StoreUse } from './ports.ts'

/** After its window a store has this long to show what it did. */
export const settleMs = 5_000
const leastMs = 1_000

export type WatchParts = {
  /** What the store makes of the key; not `patient`: a budget that is used up is an answer, since the door is watched meanwhile. */
  probe(patient: boolean): Promise<ProbeResult>
  /** One use at the door; undefined: no door, or no value to use there. */
  use: (() => Promise<StoreUse>) | undefined
  now(): number
  pause(ms: number): Promise<unknown>
  steppedAt: number
  windowMs: number
  watchMs: number
}
/** `refusedAt`: the first refusal after the last acceptance. */
export type Watched = { refusedAt?: number | undefined; acceptedAt?: number | undefined; last: ProbeResult }

/**
 * A revoked key through its window, and at a door for `watchMs` at the least: caches of several processes accept, refuse and accept
 * again, so only a door that is used over and over shows what its window really is.
 */
export const watchRefusal = async (parts: WatchParts): Promise<Watched> => {
  const { probe, use, now, pause, steppedAt, windowMs } = parts
  const watchMs = Math.max(windowMs, leastMs, use ? parts.watchMs : 0)
  const seen: { refusedAt?: number | undefined; acceptedAt?: number; last?: ProbeResult | undefined } = {}
  const accepted = () => Object.assign(seen, { acceptedAt: now(), refusedAt: undefined, last: undefined })
  const refused = () => Object.assign(seen, { refusedAt: seen.refusedAt ?? now() })
  const look = async (patient: boolean): Promise<ProbeResult> => {
    const last = await probe(patient)
    if (last.state === 'alive') accepted()
    else if (last.state === 'dead') refused()
    seen.last = last
    return last
  }
  const until = Math.max(steppedAt + windowMs + settleMs, steppedAt + watchMs + leastMs)
  while (now() < until) {
    const used = await use?.()
    if (used?.state === 'accepted') accepted()
    else if (used?.state === 'refused') refused()
    if (used?.state !== 'accepted' && seen.last?.state !== 'dead') await look(false)
    if (seen.last?.state === 'dead' && now() > steppedAt + watchMs) break
    await pause(Math.max(250, windowMs / 20))
  }
  const last = seen.last?.state === 'dead' ? seen.last : await look(true)
  return { refusedAt: seen.refusedAt, acceptedAt: seen.acceptedAt, last }
}
