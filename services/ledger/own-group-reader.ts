import type { EachBatchHandler, Kafka } from 'kafkajs'
import { consumerSettings } from '../pipeline/consumer-settings.ts'
import { randomId } from '../pipeline/ids.ts'

export type OwnGroupReaderParts = {
  kafka: Kafka
  topic: string
  name: string
  eachBatch: EachBatchHandler
  onFatal(reason: string, error: unknown): void
}

/** Every partition from its beginning, in a group of its own per start that commits nothing: after a rebalance all is read again. */
export const ownGroupReader = async (parts: OwnGroupReaderParts): Promise<{ close(): Promise<void> }> => {
  const { kafka, topic, name, eachBatch, onFatal } = parts
  const consumer = kafka.consumer({ groupId: `${topic}-${name}-${randomId()}`, ...consumerSettings })
  let closing = false
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!closing) onFatal(`the ${name} consumer crashed`, payload.error)
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch })
  return {
    close: async () => {
      closing = true
      await consumer.disconnect()
    },
  }
}
