import {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type KafkaMessage,
  Partitioners,
  type Producer,
} from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { type DeadLetter, payloadHash, sendDeadLetters } from './dead-letters.ts'
import { findGaps, type OffsetGap, requireLogAppendTime } from './offset-guard.ts'
import type { RawEvent } from './parse-event.ts'

export type IntakeConsumerParts = {
  kafka: Kafka
  admin: Admin
  group: string
  /** Which principal each input topic's writers are. */
  topics: ReadonlyMap<string, Principal>
  deadLetterTopic: string
  acceptGap: boolean
  facts: FactLog
  factsOf(raw: RawEvent, principal: Principal, receivedAt: number): Promise<Fact[]>
  /** undefined: the facts are not folded yet. */
  groupHasBegun(): Promise<boolean | undefined>
  crashPoint: PassCrashPoint
  onGap(gaps: OffsetGap[]): Promise<void>
  onFatal(reason: string, error: unknown): void
  onRead(topic: string, events: number): void
  onRejected(topic: string, reason: string): void
}

/** Reads the input topics: an offset is committed only after its facts, or its dead letter, are acknowledged. */
export const startIntake = async (parts: IntakeConsumerParts): Promise<{ close(): Promise<void> }> => {
  const topics = [...parts.topics.keys()]
  await requireLogAppendTime(parts.admin, topics)
  await waitForSafeStart(parts, topics)
  const producer = parts.kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const consumer = parts.kafka.consumer({
    groupId: parts.group,
    sessionTimeout: 6_000,
    heartbeatInterval: 1_000,
    rebalanceTimeout: 6_000,
    maxWaitTimeInMs: 100,
    retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
  })
  let closing = false
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!closing) parts.onFatal('the intake consumer crashed', payload.error)
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    commitFirstOffsets(parts, consumer, payload.memberAssignment).catch(error => {
      if (!closing) parts.onFatal('the first offsets could not be committed', error)
    })
  })
  await consumer.connect()
  // fromBeginning names the start of a group that never began; for every other one the guard has looked.
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 8,
    eachBatch: payload => onBatch(parts, consumer, producer, payload),
  })
  const stopGuard = every(3_000, async () => {
    await stateBegun(parts, topics)
    if ((await gapsOf(parts, topics)).length > 0) parts.onFatal('an input offset is out of range', topics)
  })
  return {
    close: async () => {
      closing = true
      await stopGuard()
      await consumer.disconnect()
      await producer.disconnect()
    },
  }
}

const gapsOf = async (parts: IntakeConsumerParts, topics: string[]) =>
  parts.acceptGap ? [] : findGaps({ ...parts, topics })

/** A gap stops here, before anything is read: listed and paged until an operator says that it was reconciled. */
const waitForSafeStart = async (parts: IntakeConsumerParts, topics: string[]): Promise<void> => {
  while ((await parts.groupHasBegun()) === undefined) await new Promise(resolve => setTimeout(resolve, 100))
  for (;;) {
    const gaps = await gapsOf(parts, topics)
    if (gaps.length === 0) return
    await parts.onGap(gaps)
    await new Promise(resolve => setTimeout(resolve, 5_000))
  }
}

/** A group that never began gets its first offsets, the low watermarks, from whoever is assigned the partition. */
const commitFirstOffsets = async (
  { admin, group }: IntakeConsumerParts,
  consumer: Consumer,
  assigned: Record<string, number[]>,
): Promise<void> => {
  for (const [topic, partitions] of Object.entries(assigned)) {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const missing = committed?.partitions.filter(one => Number(one.offset) < 0).map(one => one.partition) ?? []
    const watermarks = await admin.fetchTopicOffsets(topic)
    const first = watermarks.filter(one => partitions.includes(one.partition) && missing.includes(one.partition))
    if (first.length > 0)
      await consumer.commitOffsets(first.map(({ partition, low }) => ({ topic, partition, offset: low })))
  }
}

/** From here on a missing offset is a gap: stated only when every partition has one. */
const stateBegun = async ({ admin, group, facts, groupHasBegun }: IntakeConsumerParts, topics: string[]) => {
  if ((await groupHasBegun()) !== false) return
  const committed = await admin.fetchOffsets({ groupId: group, topics })
  if (committed.some(topic => topic.partitions.some(one => Number(one.offset) < 0))) return
  await facts.append([{ v: 1, kind: 'group', at: Date.now(), event: 'begun', by: 'curfew', group }])
}

const onBatch = async (
  parts: IntakeConsumerParts,
  consumer: Consumer,
  producer: Producer,
  { batch, isStale, isRunning, resolveOffset, heartbeat }: EachBatchPayload,
): Promise<void> => {
  const { topic, partition } = batch
  const principal = parts.topics.get(topic)
  const last = batch.messages.at(-1)
  if (!principal || !last || !isRunning() || isStale()) return
  const { facts, letters } = await translate(parts, principal, batch)
  parts.crashPoint('after_parse')
  if (facts.length > 0) await parts.facts.append(facts)
  await sendDeadLetters(producer, parts.deadLetterTopic, letters)
  parts.crashPoint('after_facts_acked')
  if (isStale()) return
  resolveOffset(last.offset)
  await consumer.commitOffsets([{ topic, partition, offset: String(Number(last.offset) + 1) }])
  parts.crashPoint('after_offset_commit')
  parts.onRead(topic, batch.messages.length)
  for (const letter of letters) parts.onRejected(topic, letter.reason)
  await heartbeat()
}

/** Bad input never throws: a poison message would block its partition for ever. */
const translate = async (
  parts: IntakeConsumerParts,
  principal: Principal,
  { topic, partition, messages }: EachBatchPayload['batch'],
) => {
  const facts: Fact[] = []
  const letters: DeadLetter[] = []
  for (const message of messages) {
    const receivedAt = Number(message.timestamp)
    try {
      facts.push(...(await parts.factsOf(rawEvent(message), principal, receivedAt)))
    } catch (error) {
      const rejected = error instanceof RejectedEvent ? error : new RejectedEvent('internal', 'could not be translated')
      letters.push({
        reason: rejected.code,
        detail: rejected.message,
        topic,
        partition,
        offset: message.offset,
        payloadSha256: payloadHash(message.value),
        receivedAt,
        principal: principal.id,
      })
    }
  }
  return { facts, letters }
}

const rawEvent = (message: KafkaMessage): RawEvent => ({
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value?.toString()]),
  ),
  body: message.value,
  attributePrefix: 'ce_',
})
