import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { Config } from '../schemas/config.ts'
import { waitUntil } from './stack/wait-until.ts'

const retentionMs = 14 * 86_400_000

/** Makes the topics that a config names, with the settings that the rules need. Idempotent. */
export const createTopics = async (kafkaConfig: Config['kafka'], inputPartitions = 4): Promise<void> => {
  const { brokers, topics, factsPartitions } = kafkaConfig
  const admin = new Kafka({ brokers, clientId: 'curfew-topics', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const input = (topic: string) => ({
      topic,
      numPartitions: inputPartitions,
      configEntries: entries({ 'message.timestamp.type': 'LogAppendTime', 'retention.ms': retentionMs }),
    })
    const facts = {
      topic: topics.facts,
      numPartitions: factsPartitions,
      configEntries: entries({ 'cleanup.policy': 'compact', 'retention.ms': -1, 'min.cleanable.dirty.ratio': 0.5 }),
    }
    const wanted = [
      input(topics.lifecycle),
      input(topics.grants),
      input(topics.leaks),
      facts,
      { topic: topics.outcomes, numPartitions: 4, configEntries: entries({ 'retention.ms': retentionMs }) },
      { topic: topics.deadLetters, numPartitions: 1, configEntries: entries({ 'retention.ms': retentionMs }) },
    ]
    const existing = new Set(await admin.listTopics())
    const missing = wanted.filter(one => !existing.has(one.topic))
    if (missing.length === 0) return
    // Not by kafkajs: a busy broker does not know its new topic for a moment, and kafkajs takes that for an error.
    await admin.createTopics({ topics: missing, waitForLeaders: false })
    const names = missing.map(one => one.topic)
    await waitUntil('the leaders of the new topics', 60_000, () => requireLeaders(admin, names), 50)
  } finally {
    await admin.disconnect()
  }
}

const requireLeaders = async (admin: Admin, topics: string[]): Promise<void> => {
  const { topics: known } = await admin.fetchTopicMetadata({ topics })
  const leaderless = known.find(({ partitions }) => partitions.length === 0 || partitions.some(one => one.leader < 0))
  if (leaderless) throw new Error(`${leaderless.name} has no leader`)
}

const entries = (settings: Record<string, string | number>) =>
  Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }))
