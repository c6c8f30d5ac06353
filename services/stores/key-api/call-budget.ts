import type { Preset } from '../../../schemas/preset.ts'
import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import type { BudgetLimits, GroupLimits } from '../budget.ts'

type Calls = { calls: number; perSeconds: number }
/** Where a preset names no limit: gentle. */
const unnamed: Calls = { calls: 20, perSeconds: 1 }
const inFlight = 8

/** So that no window of `perSeconds`, wherever it begins, holds more than `calls`: what the bucket holds and what flows in. */
export const limitsOf = ({ calls, perSeconds }: Calls): GroupLimits => {
  // Three at least where there are enough: one each for leaks, kills and probes to wait for.
  const burst = Math.min(50, Math.max(1, Math.floor(calls / 10), Math.min(3, Math.floor(calls / 4))))
  return { callsPerSecond: Math.max(calls - burst, calls / 2) / perSeconds, burst, inFlight }
}

export const keyBudget = (preset: Preset, config: KeyApiStoreConfig): BudgetLimits => {
  const { budgets, lockout: usual } = preset
  const lockout = config.lockout ?? usual
  const named: Record<string, Calls> = { api: unnamed, login: unnamed, door: unnamed, ...budgets, ...config.budgets }
  const { door = unnamed } = named
  // An MCP server's sessions are ended as well: a use of the door is two calls.
  const uses = preset.door?.mcp ? Math.max(1, Math.floor(door.calls / 2)) : door.calls
  const calls: Record<string, Calls> = { ...named, door: { ...door, calls: uses } }
  return {
    groups: Object.fromEntries(Object.entries(calls).map(([group, one]) => [group, limitsOf(one)])),
    lockout: lockout ? { strikes: lockout.strikes, windowMs: lockout.windowSeconds * 1_000 } : undefined,
  }
}

/** A kill is one call to revoke, and a look before and after it: by listing, less than a third of the calls serves them all. */
export const deathsPerSecond = ({ revoke, status }: Preset, { groups }: BudgetLimits): number => {
  const rate = (group: string) => groups[group]?.callsPerSecond ?? Number.POSITIVE_INFINITY
  const shared = status?.budget === revoke.budget
  if (!status) return Math.min(rate(revoke.budget), rate('door') / 2)
  if (status.list) return shared ? rate(revoke.budget) * 0.7 : rate(revoke.budget)
  return shared ? rate(revoke.budget) / 3 : Math.min(rate(revoke.budget), rate(status.budget) / 2)
}
