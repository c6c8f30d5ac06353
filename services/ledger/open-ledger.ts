import type { Redis } from 'ioredis'
import type { Admin, Kafka } from 'kafkajs'
import type { Config } from '../../schemas/config.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { type DueIndex, dueIndex } from './due-index.ts'
import { factLog } from './fact-log.ts'
import { projection } from './projection.ts'
import { type LedgerScripts, ledgerScripts } from './redis.ts'

/** What every role needs of the ledger: the log of facts, what they add up to, and the due index. */
export type Ledger = {
  facts: FactLog & { close(): Promise<void> }
  scripts: LedgerScripts
  projection: ReturnType<typeof projection>
  index: DueIndex
  /** Has this input group begun? undefined: the facts are not folded yet. */
  groupHasBegun(group: string): Promise<boolean | undefined>
  forget(cid: string): Promise<void>
  poke(): Promise<void>
}

export const openLedger = (config: Config, kafka: Kafka, redis: Redis): Ledger => {
  const { prefix } = config.redis
  const { topics, factsPartitions: partitions } = config.kafka
  const { expiryHoldMs, cap } = config
  const scripts = ledgerScripts(redis)
  return {
    facts: factLog(kafka, topics.facts, partitions),
    scripts,
    projection: projection({ redis, scripts, prefix, cap, expiryHoldMs }),
    index: dueIndex(redis, scripts, { prefix, partitions, expiryHoldMs }),
    groupHasBegun: async group => {
      if ((await redis.hlen(`${prefix}:ready`)) < partitions) return undefined
      return (await redis.sismember(`${prefix}:groups`, group)) === 1
    },
    forget: async cid => {
      await redis.hdel(`${prefix}:notes`, cid)
    },
    poke: async () => {
      await redis.publish(pokeChannel(prefix), '')
    },
  }
}

export const pokeChannel = (prefix: string) => `${prefix}:poke`

/** An admin client whose calls end within seconds. */
export const connectAdmin = async (kafka: Kafka): Promise<Admin> => {
  const admin = kafka.admin({ retry: { retries: 2, initialRetryTime: 100 } })
  await admin.connect()
  return admin
}
