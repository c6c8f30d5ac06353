import type { Redis } from 'ioredis'
import type { Admin, Kafka } from 'kafkajs'
import type { Config, Principal } from '../schemas/config.ts'
import { inputsOf, offsetGapPage, pageWaitingLeaks, readGroups } from './inputs.ts'
import { startIntake } from './intake/consumer.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import type { Edge } from './intake/fingerprints.ts'
import { startConsumerLag } from './ledger/consumer-lag.ts'
import { startFolder } from './ledger/folder.ts'
import { connectAdmin } from './ledger/kafka.ts'
import { ensureMeta } from './ledger/meta.ts'
import { type Ledger, pokeChannel } from './ledger/open-ledger.ts'
import { connectSubscriber } from './ledger/redis.ts'
import { requireCompactedFacts, requireNoEviction } from './ledger/safe-settings.ts'
import { startTelling } from './ledger/telling.ts'
import type { PassCrashPoint } from './pipeline/crash-points.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { Store } from './pipeline/ports.ts'
import { openQueues } from './queue/queues.ts'
import { armWakeUp } from './queue/wake-up.ts'
import type { Counters, Histograms } from './runtime/counters.ts'
import type { Lifetime } from './runtime/lifetime.ts'
import type { Log } from './runtime/log.ts'
import type { CountCall } from './runtime/observe-calls.ts'
import { observeFolded, observeReceived } from './runtime/observe-stages.ts'

/** Everything that the roles share in one process. */
export type Parts = {
  config: Config
  /** Where the config was read from. */
  configFile: string
  kafka: Kafka
  redis: Redis
  ledger: Ledger
  edge: Edge
  /** The public half of the current intake key. */
  publicKey: Record<string, unknown>
  stores: ReadonlyMap<string, Store>
  /** The sealing keys of the ring. */
  sealingKids: ReadonlySet<string>
  counters: Counters
  histograms: Histograms
  /** Told of every call to a store. */
  onCall: CountCall
  crashPoint: PassCrashPoint
  log: Log
  onFatal(reason: string, error: unknown): void
  startEventually: Lifetime['startEventually']
}
export type Started = { close(): Promise<void> }

const principalOf = (config: Config, id: string): Principal => {
  const found = config.principals.find(one => one.id === id)
  if (!found) throw new StartRefused(`no principal "${id}"`)
  return found
}

export const intakeRole = async (parts: Parts): Promise<Started> => {
  const { config, kafka, ledger, counters } = parts
  const { topics, principals, group, acceptGap } = config.kafka
  const translation = { config, edge: parts.edge, received: observeReceived(parts) }
  const admin = await connectAdmin(kafka)
  const intake = await closeOnFailure(admin, () =>
    startIntake({
      kafka,
      admin,
      group,
      acceptGap,
      topics: new Map([
        [topics.lifecycle, principalOf(config, principals.lifecycle)],
        [topics.grants, principalOf(config, principals.grants)],
        [topics.leaks, principalOf(config, principals.leaks)],
      ]),
      deadLetterTopic: topics.deadLetters,
      facts: ledger.facts,
      factsOf: (raw, principal, receivedAt) => factsOfEvent(translation, raw, principal, receivedAt),
      groupHasBegun: () => ledger.groupHasBegun(group),
      crashPoint: parts.crashPoint,
      onGap: offsetGapPage(parts),
      onFatal: parts.onFatal,
      onRead: (topic, events) => counters.add('curfew_events_total', { topic }, events),
      onRejected: (topic, reason) => counters.add('curfew_dead_letters_total', { topic, reason }),
      onWaiting: pageWaitingLeaks(parts),
    }),
  )
  return closeAll(intake, { close: () => admin.disconnect() })
}

export const ledgerRole = async (parts: Parts): Promise<Started> => {
  const { config, kafka, redis, ledger, counters } = parts
  const { topics, group, factsPartitions: partitions } = config.kafka
  const { prefix } = config.redis
  const admin = await connectAdmin(kafka)
  return closeOnFailure(admin, async () => {
    await requireNoEviction(redis)
    await ledger.startHoldClock()
    await requireCompactedFacts(admin, topics.facts)
    await ensureMeta(admin, ledger.bareFacts, topics.facts, partitions)
    const queues = openQueues(redis, prefix)
    const folder = await startFolder({
      kafka,
      admin,
      redis,
      scripts: ledger.scripts,
      prefix,
      topic: topics.facts,
      partitions,
      inputs: inputsOf(config),
      onDue: at => (config.work.wakeUps ? armWakeUp(queues.wake, at, parts.crashPoint) : Promise.resolve()),
      crashPoint: parts.crashPoint,
      onFatal: parts.onFatal,
      log: parts.log,
      onFolded: observeFolded(parts),
    })
    const lag = startConsumerLag({
      admin,
      redis,
      prefix,
      facts: topics.facts,
      groups: readGroups(config),
      log: parts.log,
    })
    const subscriber = await connectSubscriber(config.redis.url, pokeChannel(prefix), () => {
      folder.poke().catch(error => parts.log({ msg: 'poke failed', error: String(error) }))
    })
    parts.startEventually('telling', () =>
      startTelling({
        kafka,
        redis,
        prefix,
        topic: topics.facts,
        partitions,
        outcomesTopic: topics.outcomes,
        group: `${group}-telling`,
        marks: ledger.projection.marks,
        onTold: type => counters.add('curfew_told_total', { type }),
        onOverkill: ({ session, credentials }) => {
          counters.add('curfew_overkill_total', {}, credentials)
          parts.log({ msg: 'PAGE overkill: a session was announced after its credentials were killed', session })
        },
        onFatal: parts.onFatal,
      }),
    )
    return closeAll(lag, { close: async () => subscriber.disconnect() }, folder, queues, {
      close: () => admin.disconnect(),
    })
  })
}

export const closeAll = (...all: Started[]): Started => ({
  close: async () => {
    for (const one of all) await one.close()
  },
})

const closeOnFailure = async <T>(admin: Admin, start: () => Promise<T>): Promise<T> => {
  try {
    return await start()
  } catch (error) {
    await admin.disconnect()
    throw error
  }
}
