import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Problem } from '../pipeline/errors.ts'
import type { Lane } from '../pipeline/ports.ts'
import { laneReserve } from './lane-reserve.ts'
import { redisScript } from './redis-script.ts'
import { within } from './within.ts'

export type GroupLimits = { callsPerSecond: number; burst: number; inFlight: number }
/** Each operation group has calls of its own; strikes and pauses are the whole store's. */
export type BudgetLimits<G extends string = string> = {
  groups: Record<G, GroupLimits>
  lockout?: { strikes: number; windowMs: number } | undefined
}
export type OperationGroup = 'probe' | 'revoke' | 'login'
/** The same limits for every group. */
export const alike = ({
  lockout,
  ...each
}: GroupLimits & Pick<BudgetLimits, 'lockout'>): BudgetLimits<OperationGroup> => ({
  groups: { probe: each, revoke: each, login: each },
  lockout,
})

export type BudgetParts<G extends string> = {
  redis: Redis
  prefix: string
  store: string
  limits: BudgetLimits<G>
  /** Longer than any call: after it a slot whose holder was killed comes back. */
  leaseMs: number
  /** How long `acquire` waits inside; a worker never sleeps long. */
  waitMs?: number
}
/** What the store answered: a 429 is a strike, `retryAfterMs` a pause. `silent`: no answer in time. Nothing: nobody knows. */
export type CallResult = { status?: number | undefined; retryAfterMs?: number | undefined; silent?: boolean }
export type Slot = { release(result: CallResult): Promise<void> }
export type Budget<G extends string = OperationGroup> = {
  acquire(group: G, lane: Lane): Promise<Slot | { problem: Problem }>
}

const acquireScript = redisScript(new URL('budget-acquire.lua', import.meta.url))
const releaseScript = redisScript(new URL('budget-release.lua', import.meta.url))
const maxPauseMs = 15 * 60_000
/** A client that reconnects keeps commands for long; a worker does not wait for that. */
const maxRedisMs = 2_000

/** Calls to one store instance, shared by all processes. */
export const storeBudget = <G extends string>(parts: BudgetParts<G>): Budget<G> => ({
  acquire: async (group, lane) => {
    const id = randomUUID()
    const deadline = performance.now() + (parts.waitMs ?? 200)
    try {
      for (;;) {
        const [granted, waitMs, why] = await ask(parts, id, group, lane)
        // A lost release costs the slot until its lease ends, never the call's result.
        if (granted === 1) return { release: result => giveBack(parts, id, group, result).catch(() => undefined) }
        if (why === 'silent') return silent(parts.store)
        const jittered = waitMs + Math.random() * 5
        if (performance.now() + jittered > deadline) return throttled(`${parts.store}: ${group} calls: ${why}`, waitMs)
        await setTimeout(jittered)
      }
    } catch {
      return throttled(`${parts.store}: the shared budget in Redis cannot be read`, 1_000)
    }
  },
})

const keysOf = ({ prefix, store }: BudgetParts<string>) => {
  const base = `${prefix}:budget:${store}`
  return {
    state: base,
    strikes: `${base}:strikes`,
    flying: (group: string) => `${base}:${group}:flying`,
    bucket: (group: string) => `${base}:${group}:bucket`,
  }
}

const ask = async (parts: BudgetParts<string>, id: string, group: string, lane: Lane) => {
  const { groups, lockout } = parts.limits
  const limits = groups[group]
  if (!limits) throw new Error(`no budget for ${group} calls`)
  const { strikes, windowMs } = lockout ?? { strikes: 0, windowMs: 0 }
  const keys = keysOf(parts)
  const values = [
    id,
    parts.leaseMs,
    limits.callsPerSecond,
    limits.burst,
    laneReserve(lane, limits.burst),
    limits.inFlight - laneReserve(lane, limits.inFlight),
    strikes,
    windowMs,
    laneReserve(lane, strikes - 1),
  ]
  const names = [keys.state, keys.strikes, keys.bucket(group), keys.flying(group)]
  const all = [...names, ...Object.keys(groups).map(keys.flying)]
  return (await within(maxRedisMs, acquireScript(parts.redis, all, values))) as [number, number, string]
}

const giveBack = async (parts: BudgetParts<string>, id: string, group: string, result: CallResult): Promise<void> => {
  const keys = keysOf(parts)
  const refused = result.status === 429
  const pauseMs = Math.min(maxPauseMs, result.retryAfterMs ?? (refused ? 1_000 : 0))
  const came = result.silent ? 'silent' : result.status === undefined ? '' : 'answered'
  const values = [id, refused ? 1 : 0, pauseMs, parts.limits.lockout?.strikes ?? 0, came]
  await within(maxRedisMs, releaseScript(parts.redis, [keys.state, keys.strikes, keys.flying(group)], values))
}

/** Listed like the silence itself: it is the same one. */
const silent = (store: string): { problem: Problem } => ({
  problem: { code: 'timeout', detail: `${store} does not answer: until it does, two calls at a time try it` },
})

const throttled = (detail: string, retryAfterMs: number): { problem: Problem } => ({
  problem: { code: 'throttled', detail, retryAfterMs: Math.ceil(retryAfterMs + 20 + Math.random() * 80) },
})
