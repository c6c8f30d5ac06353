import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import type { Fact } from '../../schemas/facts.ts'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export type TopicRecord = { key: string; value: string | null; partition: number }
const settings = {
  'cleanup.policy': 'compact',
  'retention.ms': '-1',
  'segment.ms': '500',
  'min.cleanable.dirty.ratio': '0.01',
  // What the cleaner replaced goes from the disk soon, not after a minute.
  'file.delete.delay.ms': '100',
}

/** The facts topic as anybody with access to Kafka sees it, and Kafka's own compaction made to hurry. */
export const factsTopic = async ({ config: { kafka: named } }: World) => {
  const kafka = new Kafka({ brokers: named.brokers, clientId: 'compactor', logLevel: logLevel.NOTHING })
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  await Promise.all([admin.connect(), producer.connect()])
  const topic = named.topics.facts
  return {
    topic,
    hurryCompaction: () =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
          },
        ],
      }),
    /** The same record once more: changes nothing, and rolls the segment of its partition, so that the one before may be cleaned. */
    again: async (fact: Fact) => {
      const { key, value, partition } = factRecord(fact, named.factsPartitions)
      await producer.send({ topic, messages: [{ key, value, partition }] })
    },
    /** Every record that is there now, from the beginning. */
    read: async (): Promise<TopicRecord[]> => {
      const consumer = kafka.consumer({ groupId: `reader-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
      const records: TopicRecord[] = []
      const last = new Map<number, number>()
      const ends = await admin.fetchTopicOffsets(topic)
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachMessage: ({ message, partition }) => {
          records.push({ key: String(message.key), value: message.value?.toString('utf8') ?? null, partition })
          last.set(partition, Number(message.offset))
          return Promise.resolve()
        },
      })
      const atEnd = () => ends.every(one => (last.get(one.partition) ?? -1) >= Number(one.high) - 1)
      await until('read to the end', atEnd, { withinMs: 20_000 }).finally(() => consumer.disconnect())
      return records
    },
    close: async () => {
      await Promise.all([admin.disconnect(), producer.disconnect()])
    },
  }
}
