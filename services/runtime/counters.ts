import type { Redis } from 'ioredis'
import { cellsOf } from './buckets.ts'
import type { Labels } from './exposition.ts'

/**
 * Counters of all processes, kept in one Redis hash and flushed once a second: any process's /metrics shows the whole, and a
 * process that starts again goes on where the others are. Losing them (FLUSHALL) is a counter reset, which Prometheus expects.
 */
export type Counters = { add(name: string, labels: Labels, by?: number): void; flush(): Promise<void> }

/** The same for histograms: each bucket is a counter. */
export type Histograms = { observe(name: string, labels: Labels, seconds: number): void; flush(): Promise<void> }

export const counters = (redis: Redis, prefix: string): Counters => {
  const counts = sharedCounts(redis, `${prefix}:counters`)
  return { add: (name, labels, by = 1) => counts.add(JSON.stringify([name, labels]), by), flush: counts.flush }
}

export const histograms = (redis: Redis, prefix: string): Histograms => {
  const counts = sharedCounts(redis, `${prefix}:histograms`)
  return {
    observe: (name, labels, seconds) => {
      for (const [field, by] of cellsOf(name, labels, seconds)) counts.add(field, by)
    },
    flush: counts.flush,
  }
}

const sharedCounts = (redis: Redis, key: string) => {
  let pending = new Map<string, number>()
  const add = (field: string, by: number) => pending.set(field, (pending.get(field) ?? 0) + by)
  return {
    add,
    /** What Redis did not take is kept for the next one. */
    flush: async () => {
      if (pending.size === 0) return
      const flushing = [...pending]
      pending = new Map()
      const pipeline = redis.pipeline()
      for (const [field, by] of flushing) pipeline.hincrby(key, field, by)
      const replies = (await pipeline.exec().catch(() => undefined)) ?? []
      for (const [at, [field, by]] of flushing.entries()) if (replies[at]?.[0] !== null) add(field, by)
    },
  }
}

export type ReadCounter = { name: string; labels: Labels; value: number }

export const readCounters = async (redis: Redis, prefix: string): Promise<ReadCounter[]> => {
  const hash = await redis.hgetall(`${prefix}:counters`)
  return Object.entries(hash).map(([field, value]) => {
    const [name, labels] = JSON.parse(field) as [string, Labels]
    return { name, labels, value: Number(value) }
  })
}

export const readHistograms = async (redis: Redis, prefix: string): Promise<[field: string, count: number][]> =>
  Object.entries(await redis.hgetall(`${prefix}:histograms`)).map(([field, count]) => [field, Number(count)])
type Counter = { name: string; labels: Record<string, string>; value: number }
/** What was refused, by input and why; the most first. */
export const deadLettersOf = (counted: Counter[]): { topic: string; reason: string; count: number }[] =>
  counted
    .filter(one => one.name === 'curfew_dead_letters_total')
    .map(({ labels: { topic = '', reason = '' }, value }) => ({ topic, reason, count: value }))
    .sort((a, b) => b.count - a.count)
