import type { Redis } from 'ioredis'

/**
 * Counters of all processes, kept in one Redis hash and flushed once a second: any process's /metrics shows the whole.
 * Losing them (FLUSHALL) is a counter reset, which Prometheus expects.
 */
export type Counters = { add(name: string, labels: Record<string, string>, by?: number): void; flush(): Promise<void> }

export const counters = (redis: Redis, prefix: string): Counters => {
  let pending = new Map<string, number>()
  return {
    add: (name, labels, by = 1) => {
      const field = JSON.stringify([name, labels])
      pending.set(field, (pending.get(field) ?? 0) + by)
    },
    flush: async () => {
      if (pending.size === 0) return
      const flushing = pending
      pending = new Map()
      const pipeline = redis.pipeline()
      for (const [field, by] of flushing) pipeline.hincrby(`${prefix}:counters`, field, by)
      await pipeline.exec()
    },
  }
}

export const readCounters = async (redis: Redis, prefix: string) => {
  const hash = await redis.hgetall(`${prefix}:counters`)
  return Object.entries(hash).map(([field, value]) => {
    const [name, labels] = JSON.parse(field) as [string, Record<string, string>]
    return { name, labels, value: Number(value) }
  })
}

type Counter = { name: string; labels: Record<string, string>; value: number }
/** What was refused, by input and why; the most first. */
export const deadLettersOf = (counted: Counter[]): { topic: string; reason: string; count: number }[] =>
  counted
    .filter(one => one.name === 'curfew_dead_letters_total')
    .map(({ labels: { topic = '', reason = '' }, value }) => ({ topic, reason, count: value }))
    .sort((a, b) => b.count - a.count)
