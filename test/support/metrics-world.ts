import type { Redis } from 'ioredis'
import type { Receipt } from '../../schemas/receipt.ts'
import type { CanaryStatus, StateStatus } from '../../schemas/status.ts'
import { readCounters, readHistograms } from '../../services/runtime/counters.ts'
import { metrics } from '../../services/runtime/metrics.ts'
import { stateOf, youngCanary } from './api-world.ts'

/** Two hashes that count, as Redis does, and may be away. */
export const countingRedis = () => {
  const hashes = new Map<string, Record<string, string>>()
  const state = { away: false }
  const hincrby = (key: string, field: string, by: number) => {
    const hash = hashes.get(key) ?? {}
    hash[field] = String(Number(hash[field] ?? 0) + by)
    hashes.set(key, hash)
  }
  const redis = {
    hgetall: (key: string) => (state.away ? Promise.reject(new Error('away')) : Promise.resolve(hashes.get(key) ?? {})),
    pipeline: () => {
      const queued: [string, string, number][] = []
      return {
        hincrby: (key: string, field: string, by: number) => queued.push([key, field, by]),
        exec: () => {
          if (state.away) return Promise.resolve(queued.map(() => [new Error('away'), null]))
          for (const one of queued) hincrby(...one)
          return Promise.resolve(queued.map(() => [null, 1]))
        },
      }
    },
  }
  return { redis: redis as unknown as Redis, state }
}

export const shownMetrics = (
  redis: Redis,
  change: Partial<StateStatus> = {},
  canaries: CanaryStatus[] = [youngCanary],
) =>
  metrics({
    stores: ['vault-a'],
    topics: ['task-lifecycle', 'credential-grants'],
    now: async () => {
      await redis.hgetall('w:counters')
      return { status: stateOf(change), canaries, secrets: [], consumerLag: { 'task-lifecycle': 7 } }
    },
    counters: () => readCounters(redis, 'w'),
    histograms: () => readHistograms(redis, 'w'),
  })

export const receiptOf = (change: Partial<Receipt> = {}): Receipt => ({
  receipt: 'a'.repeat(32),
  credential: 'b'.repeat(32),
  epoch: 0,
  outcome: 'verified',
  store: 'vault-a',
  kind: 'vault.token',
  handle: 'accessor-1',
  cause: 'session_ended',
  dueAt: 1_000,
  steppedAt: 1_020,
  deadSince: 1_060,
  settledAt: 1_100,
  attempts: 1,
  grants: [],
  ...change,
})
