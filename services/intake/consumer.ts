import { type Consumer, type EachBatchPayload, Partitioners, type Producer } from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { memberSettings } from '../pipeline/consumer-settings.ts'
import { every } from '../pipeline/every.ts'
import { sendDeadLetters } from './dead-letters.ts'
import { commitFirstOffsets, gapsOf, stateBegun, waitForSafeStart } from './group-start.ts'
import type { IntakeConsumerParts } from './intake-parts.ts'
import { requireLogAppendTime } from './offset-guard.ts'
import { jumped } from './running-gap.ts'
import { translateBatch } from './translate-batch.ts'

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
    ...memberSettings,
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
  payload: EachBatchPayload,
  expected: Map<string, number>,
): Promise<void> => {
  const { batch, isStale, isRunning, resolveOffset, heartbeat } = payload
  const { topic, partition } = batch
  const principal = parts.topics.get(topic)
  const last = batch.messages.at(-1)
  if (!principal || !last || !isRunning() || isStale()) return
  const letters = await stateFacts(parts, principal, payload)
  if (!letters) return
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

const waitMs = 500

/** Resolves when all facts of the batch are acknowledged, with what was rejected. Undefined: not ours to go on with. */
const stateFacts = async (
  parts: IntakeConsumerParts,
  principal: Principal,
  { batch, isStale, isRunning, heartbeat }: EachBatchPayload,
): Promise<DeadLetter[] | undefined> => {
  const { topic, partition } = batch
  const letters: DeadLetter[] = []
  let { messages } = batch
  for (;;) {
    const done = await translateBatch(parts, principal, { topic, partition, messages }, heartbeat)
    parts.crashPoint('after_parse')
    if (done.facts.length > 0) await parts.facts.append(done.facts)
    letters.push(...done.letters)
    if (done.waiting.length === 0) return letters
    // Never dropped and never a dead letter: asked again until the store answers.
    parts.onWaiting(topic, done.stores, done.waiting.length)
    await heartbeat()
    await new Promise(resolve => setTimeout(resolve, waitMs))
    if (!isRunning() || isStale()) return undefined
    messages = done.waiting
  }
}
