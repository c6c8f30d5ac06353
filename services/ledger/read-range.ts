import type { Kafka, KafkaMessage } from 'kafkajs'
import { randomId } from '../pipeline/ids.ts'

export type Range = { partition: number; from: number; to: number }
export type RangeParts = {
  kafka: Kafka
  topic: string
  /** `to` is the first offset that is not wanted. */
  ranges: Range[]
  mostBytes: number
  timeoutMs: number
  onRecord(partition: number, message: KafkaMessage): void
}

/**
 * Reads a piece of a topic once, in order within each partition, in a group of its own that commits nothing. False: cut short
 * by bytes or by time.
 */
export const readRange = async (parts: RangeParts): Promise<boolean> => {
  const open = new Map(parts.ranges.filter(one => one.from < one.to).map(one => [one.partition, { ...one }]))
  if (open.size === 0) return true
  const consumer = parts.kafka.consumer({
    groupId: `${parts.topic}-look-${randomId()}`,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    maxWaitTimeInMs: 50,
    retry: { retries: 2, restartOnFailure: () => Promise.resolve(false) },
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), parts.timeoutMs)
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  let bytes = 0
  const take = (range: Range, message: KafkaMessage) => {
    const offset = Number(message.offset)
    // What was fetched before the seek, and what was seen already.
    if (offset < range.from || offset >= range.to || bytes > parts.mostBytes) return
    range.from = offset + 1
    bytes += (message.key?.length ?? 0) + (message.value?.length ?? 0)
    parts.onRecord(range.partition, message)
  }
  try {
    await consumer.connect()
    await consumer.subscribe({ topic: parts.topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch, pause }) => {
        const range = open.get(batch.partition)
        if (!range) return Promise.resolve(void pause())
        for (const message of batch.messages) take(range, message)
        // Compaction, and a transaction's marker, leave offsets without a record: the batch's own end counts.
        if (Number(batch.lastOffset()) + 1 >= range.to) open.delete(batch.partition)
        if (bytes > parts.mostBytes) resolve(false)
        else if (open.size === 0) resolve(true)
        return Promise.resolve()
      },
    })
    for (const { partition, from } of open.values())
      consumer.seek({ topic: parts.topic, partition, offset: String(from) })
    return await ended
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
}
