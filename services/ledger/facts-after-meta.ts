import type { Kafka } from 'kafkajs'
import { FactsUnavailable, StartRefused } from '../pipeline/errors.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { connectAdmin } from './kafka.ts'
import { ensureMeta } from './meta.ts'

/**
 * For a process that may append before any ledger has started: every facts partition must begin with its meta record, and
 * one that begins with anything else can never be folded.
 */
export const factsAfterMeta = (kafka: Kafka, facts: FactLog, topic: string, partitions: number): FactLog => {
  let begun: Promise<void> | undefined
  const begin = async () => {
    const admin = await connectAdmin(kafka)
    try {
      await ensureMeta(admin, facts, topic, partitions)
    } finally {
      await admin.disconnect()
    }
  }
  return {
    append: async entries => {
      begun ??= begin().catch(error => {
        begun = undefined
        throw error instanceof StartRefused ? error : new FactsUnavailable(error)
      })
      await begun
      await facts.append(entries)
    },
  }
}
