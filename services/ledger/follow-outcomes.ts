import type { Kafka } from 'kafkajs'
import type { Receipt } from '../../schemas/receipt.ts'
import { connectAdmin } from './kafka.ts'
import { ownGroupReader } from './own-group-reader.ts'
import { parseFact } from './partition.ts'

export type FollowParts = {
  kafka: Kafka
  topic: string
  onReceipt(receipt: Receipt): void
  /** The history was read up to where it ended at the start. */
  onRead(): void
  onFatal(reason: string, error: unknown): void
}

/** Reads every outcome fact from the beginning, in a group of its own per start: what is counted is what the facts say. */
export const followOutcomes = async (parts: FollowParts): Promise<{ close(): Promise<void> }> => {
  const wanted = await endOffsets(parts)
  const unread = new Map(wanted)
  const readUpTo = (partition: number, offset: number) => {
    if (offset + 1 >= (unread.get(partition) ?? 0)) unread.delete(partition)
    if (unread.size === 0) parts.onRead()
  }
  const reader = await ownGroupReader({
    ...parts,
    name: 'outcomes',
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) {
        const fact = parseFact(message.value)
        if (fact?.kind === 'outcome') parts.onReceipt(fact.receipt)
      }
      readUpTo(batch.partition, Number(batch.lastOffset()))
    },
  })
  if (unread.size === 0) parts.onRead()
  return reader
}

const endOffsets = async ({ kafka, topic }: FollowParts): Promise<[number, number][]> => {
  const admin = await connectAdmin(kafka)
  try {
    const watermarks = await admin.fetchTopicOffsets(topic)
    return watermarks.filter(one => one.high !== one.low).map(one => [one.partition, Number(one.high)])
  } finally {
    await admin.disconnect()
  }
}
