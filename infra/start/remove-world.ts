import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import type { Config } from '../../schemas/config.ts'

/** Takes this world's topics, groups and Redis keys off a stack that goes on without us. */
export const removeWorld = async ({ kafka, redis }: Config): Promise<void> => {
  const admin = new Kafka({ brokers: kafka.brokers, clientId: 'sample-world', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.deleteTopics({ topics: Object.values(kafka.topics), timeout: 5_000 })
    const { groups } = await admin.listGroups()
    const ours = groups.map(one => one.groupId).filter(id => id.startsWith(kafka.group))
    if (ours.length > 0) await admin.deleteGroups(ours)
  } finally {
    await admin.disconnect()
  }
  const client = new Redis(redis.url, { maxRetriesPerRequest: 1 })
  client.on('error', () => undefined)
  try {
    for await (const keys of client.scanStream({ match: `*${redis.prefix}*`, count: 500 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await client.unlink(...keys)
  } finally {
    client.disconnect()
  }
}
