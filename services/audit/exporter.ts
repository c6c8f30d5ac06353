import type { AuditOrigin, AuditRecord } from '../../schemas/audit.ts'
import { every } from '../pipeline/every.ts'
import type { ExporterLease } from './exporter-lease.ts'
import { type ChainParts, openChain, type PartitionChain } from './partition-chain.ts'

/** Some facts of one partition, in their order. */
export type FactsRead = {
  partition: number
  /** Set where the reading begins at the partition's first record: what that says. */
  first?: { meta: string; cluster: string; partitions: number } | undefined
  outcomes: AuditRecord[]
  /** The facts before this offset were read. */
  next: number
}
export type ExporterParts = ChainParts & {
  topic: string
  partitions: number
  lease: ExporterLease
  /** Reads every partition from its first record on, in order. */
  read(onFacts: (facts: FactsRead) => Promise<void>): Promise<{ close(): Promise<void> }>
  onExported(receipts: number): void
  onSigned(): void
  log(entry: object): void
}

const tickMs = 1_000
/** Doubled with each failure: every attempt makes a file. */
const restMs = 2_500
const longestRestMs = 300_000
type Export = { chains: PartitionChain[]; reader: { close(): Promise<void> }; failed: Error | undefined }

/**
 * Receipts into chains of files, while the lease is held. Any trouble ends this export: another one begins, here or elsewhere,
 * with what the files say. Nothing of it holds up a killing.
 */
export const startExporter = (parts: ExporterParts): { close(): Promise<void> } => {
  const { lease, log } = parts
  let running: Export | undefined
  let rest = restMs
  let notBefore = 0
  const stop = async () => {
    const ended = running
    running = undefined
    // Signed first: to leave Kafka may take longer than this process has.
    for (const chain of ended?.chains ?? []) await chain.close().catch(() => undefined)
    await ended?.reader.close()
  }
  const tick = async () => {
    if (running?.failed) throw running.failed
    if (running) {
      // While Redis is away nobody else can take it.
      if (!(await lease.keep().catch(() => true)))
        return stop().then(() => log({ msg: 'another process exports receipts' }))
      for (const chain of running.chains)
        if (await chain.checkpointIfDue()) {
          rest = restMs
          parts.onSigned()
        }
    } else if (Date.now() >= notBefore && (await lease.take())) running = await open(parts)
  }
  const stopTicking = every(Math.min(tickMs, parts.config.everyMs / 2), async () => {
    try {
      await tick()
    } catch (error) {
      rest = Math.min(2 * rest, longestRestMs)
      notBefore = Date.now() + rest
      log({ msg: 'PAGE receipts are not exported', error: String(error) })
      await stop()
    }
  })
  return {
    close: async () => {
      await stopTicking()
      await stop()
      await lease.release().catch(() => undefined)
    },
  }
}

const open = async (parts: ExporterParts): Promise<Export> => {
  const chains: PartitionChain[] = []
  try {
    for (let partition = 0; partition < parts.partitions; partition += 1) {
      chains.push(await openChain(parts, partition))
      await parts.lease.keep()
    }
    const running: Export = { chains, reader: { close: () => Promise.resolve() }, failed: undefined }
    running.reader = await parts.read(async facts => {
      const chain = chains[facts.partition]
      if (running.failed || !chain) return
      await onFacts(parts, chain, facts).catch(error => {
        running.failed = error instanceof Error ? error : new Error(String(error))
      })
    })
    return running
  } catch (error) {
    for (const chain of chains) await chain.close().catch(() => undefined)
    throw error
  }
}

const onFacts = async (parts: ExporterParts, chain: PartitionChain, facts: FactsRead): Promise<void> => {
  if (facts.first) {
    const { partition } = facts
    const origin: AuditOrigin = { ...facts.first, topic: parts.topic, partition }
    const before = chain.origin()
    if (before && before.meta !== origin.meta)
      parts.log({ msg: 'PAGE the facts topic was replaced: the chain goes on with the other facts', partition })
    if (before?.meta !== origin.meta) await chain.begin(origin)
  }
  const exported = await chain.append(facts.outcomes, facts.next)
  if (exported > 0) parts.onExported(exported)
}
