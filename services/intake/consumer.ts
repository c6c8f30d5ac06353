import { type Consumer, type EachBatchPayload, type KafkaMessage, Partitioners, type Producer } from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { Fact } from '../../schemas/facts.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import { payloadHash, sendDeadLetters } from './dead-letters.ts'
import { commitFirstOffsets, gapsOf, stateBegun, waitForSafeStart } from './group-start.ts'
import type { IntakeConsumerParts } from './intake-parts.ts'
import { requireLogAppendTime } from './offset-guard.ts'
import type { RawEvent } from './parse-event.ts'
import { jumped } from './running-gap.ts'

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
  const expected = new Map<string, number>()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    expected.clear()
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
    eachBatch: async payload => {
      if (!(await jumped(parts, expected, payload))) await onBatch(parts, consumer, producer, payload, expected)
    },
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

const onBatch = async (
  parts: IntakeConsumerParts,
  consumer: Consumer,
  producer: Producer,
  { batch, isStale, isRunning, resolveOffset, heartbeat }: EachBatchPayload,
  expected: Map<string, number>,
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
  // The batch's own end, beyond what was filtered from it: a transaction's marker is no message and counts as read.
  const next = Math.max(Number(batch.lastOffset()), Number(last.offset)) + 1
  await consumer.commitOffsets([{ topic, partition, offset: String(next) }])
  expected.set(`${topic}/${partition}`, next)
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
