import type { Answer } from './hostile-keys-api.ts'
import type { HostileWorld, Lies } from './hostile-keys-world.ts'

export type Group = 'login' | 'tokens' | 'door'

/** Counts in fixed windows, over everybody: every caller has the same address here. Returns the 429, if it is one. */
export const hostileLimits = (world: HostileWorld, lies: Lies) => {
  const counted = { window: -1, strikes: 0, calls: { login: 0, tokens: 0, door: 0 } }
  let lockedUntilMs = 0
  return (group: Group): Answer | undefined => {
    const now = Date.now()
    if (now < lockedUntilMs) return tooMany(lockedUntilMs - now, 'locked out')
    const { budget, lockout } = lies
    if (!budget) return undefined
    const window = Math.floor(now / budget.minuteMs)
    if (window !== counted.window)
      Object.assign(counted, { window, strikes: 0, calls: { login: 0, tokens: 0, door: 0 } })
    counted.calls[group] += 1
    if (counted.calls[group] <= (budget[group] ?? Number.POSITIVE_INFINITY)) return undefined
    counted.strikes += 1
    if (lockout && counted.strikes >= lockout.strikes) {
      world.lockedOut = true
      lockedUntilMs = now + lockout.lockMs
    }
    return tooMany((window + 1) * budget.minuteMs - now, 'Rate limit exceeded')
  }
}

const tooMany = (waitMs: number, text: string): Answer => ({
  status: 429,
  body: { detail: text },
  headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
})
