import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import { memberSettings } from '../pipeline/consumer-settings.ts'
import { pause } from './deliver.ts'
import { untilDone } from './signal.ts'
import { type Place, placeOf, type ToldEvent, toldEvent } from './told-event.ts'

export type FollowerParts = {
  kafka: Kafka
  topic: string
  /** One for each receiver: where one stands still, the others go on. */
  group: string
  /** How many events are on their way at once, in each partition. */
  chunk: number
  /** Resolves when every one was taken, or when aborted: then nothing of them is committed. Mends its own failures. */
  handle(events: ToldEvent[], signal: AbortSignal): Promise<void>
  /** Events that the broker no longer has were never taken: the topic's retention was shorter than the receiver's absence. */
  onLost(events: number): void
  /** What this version cannot read is kept elsewhere before it is passed by. */
  onUnreadable(place: Place, body: Buffer): Promise<void>
  onFatal(reason: string, error: unknown): void
}

/** Reads the outcome events for one receiver, at least once: an offset is committed only after its events were taken. */
export const followOutcomeEvents = async (parts: FollowerParts): Promise<{ close(): Promise<void> }> => {
  const consumer = parts.kafka.consumer({
    groupId: parts.group,
    ...memberSettings,
  })
  const closing = new AbortController()
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!closing.signal.aborted) parts.onFatal(`the consumer of ${parts.group} crashed`, payload.error)
  })
  const wanted = new Map<number, number>()
  consumer.on(consumer.events.GROUP_JOIN, () => wanted.clear())
  const close = async () => {
    closing.abort()
    await consumer.disconnect()
  }
  try {
    await reportLoss(parts)
    await consumer.connect()
    await consumer.subscribe({ topic: parts.topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 8,
      eachBatch: payload => onBatch(parts, consumer, payload, wanted, closing.signal),
    })
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

/** kafkajs goes to the beginning in silence where the committed offset is out of range. */
const reportLoss = async ({ kafka, topic, group, onLost }: FollowerParts): Promise<void> => {
  const admin = kafka.admin({ retry: { retries: 2, initialRetryTime: 100 } })
  await admin.connect()
  try {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const lows = new Map((await admin.fetchTopicOffsets(topic)).map(one => [one.partition, Number(one.low)]))
    const lost = (committed?.partitions ?? []).map(({ partition, offset }) =>
      Number(offset) < 0 ? 0 : Math.max(0, (lows.get(partition) ?? 0) - Number(offset)),
    )
    const sum = lost.reduce((a, b) => a + b, 0)
    if (sum > 0) onLost(sum)
  } finally {
    await admin.disconnect()
  }
}

const onBatch = async (
  parts: FollowerParts,
  consumer: Consumer,
  payload: EachBatchPayload,
  wanted: Map<number, number>,
  closing: AbortSignal,
): Promise<void> => {
  const { topic, partition, messages } = payload.batch
  const jumped = Number(payload.batch.firstOffset() ?? 0) - (wanted.get(partition) ?? Number.POSITIVE_INFINITY)
  if (jumped > 0) parts.onLost(jumped)
  for (let start = 0; start < messages.length; start += parts.chunk) {
    const some = messages.slice(start, start + parts.chunk)
    const taken = await beating(payload, closing, signal => handleSome(parts, payload, some, signal))
    const next = Number(some.at(-1)?.offset) + 1
    if (!taken) return
    payload.resolveOffset(String(next - 1))
    await consumer.commitOffsets([{ topic, partition, offset: String(next) }])
    wanted.set(partition, next)
  }
}

const handleSome = async (
  { handle, onUnreadable }: FollowerParts,
  { batch }: EachBatchPayload,
  messages: KafkaMessage[],
  signal: AbortSignal,
): Promise<void> => {
  const events: ToldEvent[] = []
  for (const message of messages) {
    const event = toldEvent(message, batch.topic, batch.partition)
    if (event) events.push(event)
    else await untilDone(() => onUnreadable(placeOf(message, batch), message.value ?? Buffer.alloc(0)), signal)
  }
  await handle(events, signal)
}

/** However long the work takes, the group knows that we live. False: it is not ours any more, and was told to stop. */
const beating = async (
  { heartbeat, isRunning, isStale }: EachBatchPayload,
  closing: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> => {
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, closing])
  const done = work(signal).then(() => true)
  try {
    for (;;) {
      const finished = await Promise.race([done, pause(1_000, signal).then(() => false)])
      if (signal.aborted || !isRunning() || isStale()) return false
      if (finished) return true
      await heartbeat()
    }
  } finally {
    stop.abort()
    await done.catch(() => undefined)
  }
}
