import type { Redis } from 'ioredis'
import type { Kafka } from 'kafkajs'
import type { Config } from '../../schemas/config.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { noTracing, type Tracing } from '../pipeline/tracing.ts'
import { type DueIndex, dueIndex } from './due-index.ts'
import { factLog } from './fact-log.ts'
import { factsAfterMeta } from './facts-after-meta.ts'
import { impatient } from './impatient.ts'
import { projection } from './projection.ts'
import { readyPartitions } from './ready-partitions.ts'
import { type LedgerScripts, ledgerScripts, redisTimeMs } from './redis.ts'

/** What every role needs of the ledger: the log of facts, what they add up to, and the due index. */
export type Ledger = {
  /** Appends only behind the meta records. */
  facts: FactLog & { close(): Promise<void> }
  /** The same, for the work: gives up within a second, so that a Kafka that hangs never stops a killing. */
  workFacts: FactLog
  /** The log itself: for whoever writes the meta records. */
  bareFacts: FactLog
  scripts: LedgerScripts
  projection: ReturnType<typeof projection>
  index: DueIndex
  /** Has this input group begun? undefined: the facts are not folded yet. */
  groupHasBegun(group: string): Promise<boolean | undefined>
  forget(cid: string): Promise<void>
  /** At a start-up: what could not be read while nobody read is not late yet. */
  startHoldClock(): Promise<void>
  poke(): Promise<void>
}

export const openLedger = (config: Config, kafka: Kafka, redis: Redis, tracing: Tracing = noTracing): Ledger => {
  const { prefix } = config.redis
  const { topics, factsPartitions: partitions } = config.kafka
  const { expiryHoldMs, cap } = config
  const scripts = ledgerScripts(redis)
  const bare = factLog(kafka, topics.facts, partitions, tracing)
  const { append } = factsAfterMeta(kafka, bare, topics.facts, partitions)
  return {
    facts: { append, close: bare.close },
    workFacts: impatient({ append }),
    bareFacts: bare,
    scripts,
    projection: projection({ redis, scripts, prefix, cap, expiryHoldMs, partitions }),
    index: dueIndex(scripts, { prefix, partitions, expiryHoldMs }),
    groupHasBegun: async group => {
      if ((await readyPartitions(redis, prefix)) < partitions) return undefined
      return (await redis.sismember(`${prefix}:groups`, group)) === 1
    },
    forget: async cid => {
      await redis.hdel(`${prefix}:notes`, cid)
    },
    startHoldClock: async () => {
      const now = await redisTimeMs(redis)
      const read = Number((await redis.hget(`${prefix}:marks`, 'grants')) ?? 0)
      if (now - read > 60_000) await redis.hset(`${prefix}:marks`, 'holdFrom', now)
    },
    poke: async () => {
      await redis.publish(pokeChannel(prefix), '')
    },
  }
}

export const pokeChannel = (prefix: string) => `${prefix}:poke`
