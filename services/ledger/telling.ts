import type { Redis } from 'ioredis'
import { type Consumer, type EachBatchPayload, type Kafka, Partitioners, type Producer } from 'kafkajs'
import type { Fact } from '../../schemas/facts.ts'
import { memberSettings } from '../pipeline/consumer-settings.ts'
import type { Marks } from '../pipeline/decide.ts'
import { untilFolded, type WholeState } from './folded-state.ts'
import { type OutcomeEvent, outcomeEvents } from './outcome-events.ts'
import { type Overkill, overkills } from './overkill.ts'
import { factsOf } from './partition.ts'

export type TellingParts = {
  kafka: Kafka
  redis: Redis
  prefix: string
  topic: string
  partitions: number
  outcomesTopic: string
  group: string
  marks(): Promise<Marks>
  onTold(type: string): void
  /** The trace of each telling, by the key of its event. */
  tracesOf?: ((facts: Fact[]) => Promise<ReadonlyMap<string, string>>) | undefined
  onOverkill(overkill: Overkill): void
  onFatal(reason: string, error: unknown): void
}

/**
 * Tells others what ended: a consumer group of its own on the facts topic, at least once, an offset is committed only after
 * its events are acknowledged. What is told is what the state says after it has folded the fact, never the fact alone.
 */
export const startTelling = async (parts: TellingParts): Promise<{ close(): Promise<void> }> => {
  const { kafka, topic, group } = parts
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  const consumer = kafka.consumer({
    groupId: group,
    ...memberSettings,
  })
  const closing = new AbortController()
  const close = async () => {
    closing.abort()
    await consumer.disconnect()
    await producer.disconnect()
  }
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!closing.signal.aborted) parts.onFatal('the telling consumer crashed', payload.error)
  })
  try {
    await producer.connect()
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: payload => onBatch(parts, consumer, producer, payload, closing.signal),
    })
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

const batchSize = 200

const onBatch = async (
  parts: TellingParts,
  consumer: Consumer,
  producer: Producer,
  payload: EachBatchPayload,
  closing: AbortSignal,
): Promise<void> => {
  const { batch, resolveOffset, heartbeat } = payload
  const { topic, partition, messages } = batch
  const givenUp = () => closing.aborted || !payload.isRunning() || payload.isStale()
  for (let start = 0; start < messages.length; start += batchSize) {
    const some = messages.slice(start, start + batchSize)
    const last = some.at(-1)?.offset
    const facts = factsOf(some)
    const whole: WholeState = { ...parts, partition, offset: Number(last), heartbeat, givenUp }
    const seen = await untilFolded(whole, async () => ({
      events: await outcomeEvents(parts, facts),
      overkilled: await overkills(parts, facts),
    }))
    // Not committed: whoever reads the partition next tells it.
    if (seen === undefined || last === undefined) return
    const { events, overkilled } = seen
    for (const one of overkilled) parts.onOverkill(one)
    await send(producer, parts.outcomesTopic, events, await (parts.tracesOf?.(facts) ?? new Map()))
    resolveOffset(last)
    await consumer.commitOffsets([{ topic, partition, offset: String(Number(last) + 1) }])
    for (const { event } of events) parts.onTold(event.type)
    await heartbeat()
  }
}

/** All in-sync replicas have it, or it throws. A broker refuses a batch of records over 1 MB. */
const mostBytes = 700_000

const contentType = 'application/cloudevents+json; charset=utf-8'

const send = async (
  producer: Producer,
  topic: string,
  events: OutcomeEvent[],
  traces: ReadonlyMap<string, string>,
): Promise<void> => {
  let messages: { key: string; value: string; headers: Record<string, string> }[] = []
  let bytes = 0
  const flush = async () => {
    if (messages.length > 0) await producer.send({ topic, acks: -1, timeout: 5_000, messages })
    messages = []
    bytes = 0
  }
  for (const { key, event } of events) {
    const value = JSON.stringify(event)
    if (bytes + Buffer.byteLength(value) > mostBytes) await flush()
    const traceparent = traces.get(key)
    const headers = { 'content-type': contentType, ...(traceparent === undefined ? {} : { traceparent }) }
    messages.push({ key, value, headers })
    bytes += Buffer.byteLength(value)
  }
  await flush()
}
