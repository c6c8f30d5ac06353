import type { Redis } from 'ioredis'
import type { Admin } from 'kafkajs'
import { every } from '../pipeline/every.ts'

export type ConsumerLagParts = {
  admin: Admin
  redis: Redis
  prefix: string
  /** The facts topic: the fold has no group, `applied` says how far it is. */
  facts: string
  /** Group -> the topics that it reads. */
  groups: Record<string, string[]>
  log(entry: object): void
}

const everyMs = 5_000
/** Older than this is not known: it is gone, never the last value. */
const lifeMs = 20_000
const key = (prefix: string) => `${prefix}:consumer-lag`

/** How many records are written and not read yet, by topic. Every ledger process says so: what they write is the same. */
export const startConsumerLag = (parts: ConsumerLagParts): { close(): Promise<void> } => {
  const stop = every(
    everyMs,
    async () => {
      const lag = await consumerLag(parts)
      if (Object.keys(lag).length === 0) return
      await parts.redis.multi().hset(key(parts.prefix), lag).pexpire(key(parts.prefix), lifeMs).exec()
    },
    error => parts.log({ msg: 'the consumer lag is not known', error: String(error) }),
  )
  return { close: stop }
}

export const readConsumerLag = async (redis: Redis, prefix: string): Promise<Record<string, number>> =>
  Object.fromEntries(Object.entries(await redis.hgetall(key(prefix))).map(([topic, lag]) => [topic, Number(lag)]))

export const consumerLag = async (parts: ConsumerLagParts): Promise<Record<string, number>> => {
  const { admin, redis, prefix, facts, groups } = parts
  const lag: Record<string, number> = {}
  for (const [groupId, topics] of Object.entries(groups))
    for (const topic of topics) {
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
      const next = new Map(offsets?.partitions.map(one => [one.partition, Number(one.offset)]))
      lag[topic] = await unread(admin, topic, next)
    }
  const applied = await redis.hgetall(`${prefix}:applied`)
  const next = new Map(Object.entries(applied).map(([partition, offset]) => [Number(partition), Number(offset) + 1]))
  lag[facts] = await unread(admin, facts, next)
  return lag
}

/** Nothing read yet: everything that is there is unread. */
const unread = async (admin: Admin, topic: string, next: ReadonlyMap<number, number>): Promise<number> => {
  const watermarks = await admin.fetchTopicOffsets(topic)
  return watermarks.reduce((sum, { partition, high, low }) => {
    const from = Math.max(next.get(partition) ?? 0, Number(low))
    return sum + Math.max(0, Number(high) - from)
  }, 0)
}
