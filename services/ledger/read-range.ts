import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import { randomId } from '../pipeline/ids.ts'

export type Range = { partition: number; from: number; to: number }
export type RangeParts = {
  kafka: Kafka
  topic: string
  /** `to` is the first offset that is not wanted. Those of one partition come in order and do not overlap. */
  ranges: Range[]
  mostBytes: number
  timeoutMs: number
  onRecord(partition: number, message: KafkaMessage): void
}

/**
 * Reads pieces of a topic once, in order within each partition, in a group of its own that commits nothing. False: cut short
 * by bytes or by time.
 */
export const readRange = async (parts: RangeParts): Promise<boolean> => {
  const wanted = parts.ranges.filter(one => one.from < one.to).map(one => ({ ...one }))
  const open = Map.groupBy(wanted, one => one.partition)
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
  const take = taker(parts, open, consumer)
  try {
    await consumer.connect()
    await consumer.subscribe({ topic: parts.topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: payload => {
        const cut = take(payload)
        if (cut || open.size === 0) resolve(!cut)
        return Promise.resolve()
      },
    })
    for (const [partition, [first]] of open) seek(consumer, parts.topic, partition, first)
    return await ended
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
}

const seek = (consumer: Consumer, topic: string, partition: number, range: Range | undefined) => {
  if (range) consumer.seek({ topic, partition, offset: String(range.from) })
}

/** True: there is more than may be read. */
const taker = ({ topic, mostBytes, onRecord }: RangeParts, open: Map<number, Range[]>, consumer: Consumer) => {
  let bytes = 0
  return ({ batch, pause }: EachBatchPayload): boolean => {
    const { partition, messages } = batch
    const ranges = open.get(partition)
    if (!ranges) pause()
    // What was fetched before a seek, and what was seen already, is in no range any more.
    for (const message of messages) {
      const offset = Number(message.offset)
      const range = ranges?.find(one => offset >= one.from && offset < one.to)
      if (!range) continue
      bytes += (message.key?.length ?? 0) + (message.value?.length ?? 0)
      if (bytes > mostBytes) return true
      range.from = offset + 1
      onRecord(partition, message)
    }
    advance(Number(batch.lastOffset()) + 1, partition)
    return false
  }
  /** Compaction, and a transaction's marker, leave offsets without a record: the batch's own end counts. */
  function advance(next: number, partition: number) {
    const before = open.get(partition)
    const left = before?.filter(one => next < one.to)
    if (!before || !left) return
    if (left.length === 0) open.delete(partition)
    else open.set(partition, left)
    if (left.length > 0 && left.length < before.length) seek(consumer, topic, partition, left[0])
  }
}
