import type { Redis } from 'ioredis'
import type { Config } from '../schemas/config.ts'
import type { OffsetGap } from './intake/offset-guard.ts'
import { learnedInputs, learnGroup } from './learn/rules.ts'
import type { Inputs } from './ledger/caught-up.ts'
import type { Counters } from './runtime/counters.ts'
import type { Log } from './runtime/log.ts'

/** What must be read before a cause that a later fact could move is believed. */
export const inputsOf = (config: Config): Inputs => {
  const { group, topics } = config.kafka
  return { group, grants: topics.grants, lifecycle: topics.lifecycle, learned: learnedInputs(config) }
}

/** Which group reads which topics. */
export const readGroups = (config: Config): Record<string, string[]> => {
  const { group, topics } = config.kafka
  const own = { [group]: [topics.lifecycle, topics.grants, topics.leaks] }
  const learned = learnedTopics(config)
  return learned.length === 0 ? own : { ...own, [learnGroup(group)]: learned }
}

const learnedTopics = ({ stores }: Config): string[] =>
  stores.flatMap(store => {
    const learn = 'learn' in store ? store.learn : undefined
    if (!learn) return []
    return ('topic' in learn ? learn.topic : learn.auditTopic) ?? []
  })

type Parts = { config: Config; redis: Redis; counters: Counters; log: Log }

/** Listed and paged until an operator says that it was reconciled. */
export const offsetGapPage =
  ({ log, redis, config }: Parts) =>
  async (gaps: OffsetGap[]): Promise<void> => {
    log({ msg: 'PAGE offset gap: events were skipped; reconcile, then set kafka.acceptGap', gaps })
    await redis.set(`${config.redis.prefix}:gap`, JSON.stringify(gaps), 'PX', 60_000)
  }

/** A store that is away holds up the leaks behind this one: said at once, and every minute. */
export const pageWaitingLeaks = ({ log, counters }: Parts) => {
  let saidAt = Number.NEGATIVE_INFINITY
  return (topic: string, stores: string[], messages: number) => {
    for (const store of stores) counters.add('curfew_leaks_waiting_total', { store }, messages)
    if (performance.now() - saidAt < 60_000) return
    saidAt = performance.now()
    log({ msg: 'PAGE leaks wait for a store to say whether it knows their values', topic, stores, messages })
  }
}
