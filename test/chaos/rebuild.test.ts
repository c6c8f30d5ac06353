import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseFact } from '../../services/ledger/partition.ts'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { expectAlive } from '../support/expect-dead.ts'
import { endSession, expectAllDead, openSessions } from '../support/load.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world?.close())

/** The projection without what only the work remembers and what moves by itself. */
const projection = async () => {
  const state: Record<string, unknown> = {}
  for (const pattern of ['s:*', 'c:*', 'f:*', 'at:*', 'fc:*', 'sc:*'])
    for (const key of await world.redis.keys(world.key(pattern))) {
      const type = await world.redis.type(key)
      state[key] =
        type === 'hash'
          ? await world.redis.hgetall(key)
          : type === 'zset'
            ? String(await world.redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES'))
            : (await world.redis.smembers(key)).sort()
    }
  return state
}

it('after forced compaction and FLUSHALL the rebuilt state is the same', async () => {
  const living = await openSessions(world, 2)
  const dead = await openSessions(world, 3)
  for (const one of dead) await endSession(world, one)
  await expectAllDead(world, dead)
  const { brokers, topics, factsPartitions } = world.config.kafka
  const kafka = new Kafka({ brokers, clientId: 'compactor', logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: topics.facts,
        configEntries: [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'segment.ms', value: '500' },
          { name: 'min.cleanable.dirty.ratio', value: '0.01' },
          { name: 'retention.ms', value: '-1' },
        ],
      },
    ],
  })
  const auditor = await readAll(kafka, topics.facts)
  const before = await until('all is read', async () => auditor.facts.length > 10 && auditor.facts.slice())
  // Every fact a second time, byte for byte: compaction may now remove the first copies, and nothing else.
  const producer = kafka.producer()
  await producer.connect()
  const again = async () => {
    for (const fact of before) {
      const { key, value, partition } = factRecord(fact, factsPartitions)
      await producer.send({ topic: topics.facts, messages: [{ key, value, partition }] })
    }
  }
  await again()
  const state = await projection()
  const removed = await until(
    'something was compacted away',
    async () => {
      await again()
      const fresh = await readAll(kafka, topics.facts)
      const ends = await admin.fetchTopicOffsets(topics.facts)
      const written = ends.reduce((sum, one) => sum + Number(one.high), 0)
      await until('read to the end', () => fresh.reachedEnd(ends), { withinMs: 20_000 })
      const left = fresh.facts.length
      await fresh.close()
      return written - left > 20 && written - left
    },
    { withinMs: 60_000, everyMs: 1_000 },
  )
  expect(removed).toBeGreaterThan(20)
  await producer.disconnect()
  await auditor.close()
  await admin.disconnect()

  await world.redis.flushall()
  const ready = async () => (await world.redis.hlen(world.key('ready'))) === factsPartitions
  await until('the projection is rebuilt', ready, { withinMs: 60_000 })
  expect(await projection()).toEqual(state)
  for (const watched of living.flatMap(one => one.held)) await expectAlive(watched)
})

const readAll = async (kafka: Kafka, topic: string) => {
  const consumer = kafka.consumer({ groupId: `reader-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  const facts: NonNullable<ReturnType<typeof parseFact>>[] = []
  const last = new Map<number, number>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message, partition }) => {
      const fact = parseFact(message.value)
      if (fact) facts.push(fact)
      last.set(partition, Number(message.offset))
      return Promise.resolve()
    },
  })
  return {
    facts,
    reachedEnd: (ends: { partition: number; high: string }[]) =>
      ends.every(one => (last.get(one.partition) ?? -1) >= Number(one.high) - 1),
    close: () => consumer.disconnect(),
  }
}
