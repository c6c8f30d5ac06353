import type { EachBatchPayload, Kafka } from 'kafkajs'
import type { FactOf } from '../../schemas/facts.ts'
import { ownGroupReader } from './own-group-reader.ts'
import { jsonOf, metaOf, parseFact } from './partition.ts'

/** An outcome fact as it stands there: a field that this version does not know is kept. */
export type OutcomeRead = { key: string; offset: number; fact: FactOf<'outcome'> }
export type BatchRead = {
  partition: number
  /** Set where the reading begins, or begins again, at the partition's first record. */
  first: FactOf<'meta'> | undefined
  outcomes: OutcomeRead[]
  /** What lies before this offset was read. */
  next: number
}
export type ReadFactsParts = {
  kafka: Kafka
  topic: string
  group: string
  onBatch(batch: BatchRead): Promise<void>
  onFatal(reason: string, error: unknown): void
}

/**
 * Every partition from its first record on, in order, in a group of its own per start and without a seek: a batch is never
 * skipped, and after a rebalance all is read again.
 */
export const readFacts = (parts: ReadFactsParts): Promise<{ close(): Promise<void> }> => {
  const next = new Map<number, number>()
  return ownGroupReader({
    ...parts,
    name: parts.group,
    eachBatch: async ({ batch }) => {
      const read = readBatch(next, batch)
      if (typeof read === 'string') return parts.onFatal(read, batch.partition)
      await parts.onBatch(read)
    },
  })
}

const readBatch = (next: Map<number, number>, batch: EachBatchPayload['batch']): BatchRead | string => {
  const { partition, messages } = batch
  const from = Number(messages[0]?.offset ?? batch.lastOffset())
  const before = next.get(partition)
  const begins = before === undefined || from < before
  const first = begins ? metaOf(messages[0]?.value) : undefined
  if (begins && !first) return 'the facts partition does not begin with its meta record'
  const end = Number(batch.lastOffset()) + 1
  next.set(partition, end)
  return { partition, first, outcomes: messages.flatMap(outcomeOf), next: end }
}

const outcomeOf = ({ key, value, offset }: EachBatchPayload['batch']['messages'][number]): OutcomeRead[] => {
  const parsed = parseFact(value)
  if (value === null || parsed?.kind !== 'outcome') return []
  const whole = jsonOf(value)
  return [{ key: String(key), offset: Number(offset), fact: isJson(whole) ? (whole as typeof parsed) : parsed }]
}

/** A field that we do not know may hold what has no canonical form: then it is left out, and no record stops the export. */
const isJson = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return depth < 50 && Object.entries(value).every(([name, inner]) => name.isWellFormed() && isJson(inner, depth + 1))
}
