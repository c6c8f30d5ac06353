import { Kafka, logLevel } from 'kafkajs'
import type { Config } from '../../schemas/config.ts'
import { fact } from '../../schemas/facts.ts'
import type { Receipt } from '../../schemas/receipt.ts'

export type ReceiptSource = { of(store: string, handle: string): Receipt | undefined; close(): Promise<void> }

/** Reads outcomes from the facts topic as an auditor would, with a group of its own. */
export const receiptsFromFacts = async ({ brokers, topics }: Config['kafka']): Promise<ReceiptSource> => {
  const known = new Map<string, Receipt>()
  const key = (store: string, handle: string) => JSON.stringify([store, handle])
  const note = (receipt: Receipt) => {
    const at = key(receipt.store, receipt.handle)
    // Facts of one receipt may repeat: `verified` beats the others.
    if (known.get(at)?.outcome !== 'verified') known.set(at, receipt)
  }
  const kafka = new Kafka({ brokers, clientId: 'sample-auditor', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `sample-auditor-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: topics.facts, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      const read = fact.safeParse(JSON.parse(message.value?.toString('utf8') ?? 'null'))
      if (read.success && read.data.kind === 'outcome') note(read.data.receipt)
    },
  })
  return { of: (store, handle) => known.get(key(store, handle)), close: () => consumer.disconnect() }
}
