import { Kafka, logLevel } from 'kafkajs'
import type { Config } from '../../schemas/config.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { parseFact } from '../../services/ledger/partition.ts'
import { outcomeRank } from '../../services/pipeline/fold.ts'
import { less } from '../../services/pipeline/memory-state.ts'

/** Reads the facts topic as an auditor would: from the beginning, with a group of its own. */
export const openReceipts = (config: Config) => {
  const kafka = new Kafka({ brokers: config.kafka.brokers, clientId: 'auditor', logLevel: logLevel.NOTHING })
  const found: Receipt[] = []
  let started: Promise<ReturnType<Kafka['consumer']>> | undefined

  const start = async () => {
    const consumer = kafka.consumer({ groupId: `auditor-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic: config.kafka.topics.facts, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ message }) => {
        const fact = parseFact(message.value)
        if (fact?.kind === 'outcome') found.push(fact.receipt)
        return Promise.resolve()
      },
    })
    return consumer
  }
  const all = async () => {
    started ??= start()
    await started
    return found
  }
  return {
    all,
    best: async () => {
      const byId = new Map<string, Receipt>()
      for (const receipt of await all()) {
        const known = byId.get(receipt.receipt)
        if (!known || less(outcomeRank(receipt), outcomeRank(known))) byId.set(receipt.receipt, receipt)
      }
      return byId
    },
    close: async () => {
      if (started !== undefined) await (await started).disconnect()
    },
  }
}
