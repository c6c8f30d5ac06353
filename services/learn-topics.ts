import type { Principal } from '../schemas/config.ts'
import type { Fact } from '../schemas/facts.ts'
import { offsetGapPage } from './inputs.ts'
import { startIntake } from './intake/consumer.ts'
import { learnGroup } from './learn/rules.ts'
import { connectAdmin } from './ledger/kafka.ts'
import type { Parts, Started } from './roles.ts'

/** A topic that carries a store's own records. */
export type LearnedTopic = {
  topic: string
  principal: Principal
  factsOf(body: Buffer | null, receivedAt: number): Promise<Fact[]>
  /** A message was no record: a part of the stream is unknown. */
  onRejected(): void
}

/** One group for all of them, beside the events': its offsets, gaps and dead letters are kept in the same way. */
export const learnFromTopics = async (parts: Parts, all: LearnedTopic[]): Promise<Started> => {
  const { config, kafka, ledger, counters } = parts
  const byTopic = new Map(all.map(one => [one.topic, one]))
  const group = learnGroup(config.kafka.group)
  const admin = await connectAdmin(kafka)
  const intake = await startIntake({
    kafka,
    admin,
    group,
    acceptGap: config.kafka.acceptGap,
    topics: new Map(all.map(one => [one.topic, one.principal])),
    deadLetterTopic: config.kafka.topics.deadLetters,
    facts: ledger.facts,
    factsOf: async (raw, _principal, receivedAt, topic) => byTopic.get(topic)?.factsOf(raw.body, receivedAt) ?? [],
    groupHasBegun: () => ledger.groupHasBegun(group),
    crashPoint: parts.crashPoint,
    onGap: offsetGapPage(parts),
    onFatal: parts.onFatal,
    onRead: (topic, records) => counters.add('curfew_events_total', { topic }, records),
    onRejected: (topic, reason) => {
      counters.add('curfew_dead_letters_total', { topic, reason })
      byTopic.get(topic)?.onRejected()
    },
    onWaiting: () => undefined,
  }).catch(async error => {
    await admin.disconnect()
    throw error
  })
  return {
    close: async () => {
      await intake.close()
      await admin.disconnect()
    },
  }
}
