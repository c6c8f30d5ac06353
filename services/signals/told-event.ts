import type { KafkaMessage } from 'kafkajs'
import { z } from 'zod'
import { type OutcomeEventData, type OutcomeEventType, outcomeEventData } from '../../schemas/outcome-events.ts'

type Typed = { [T in OutcomeEventType]: { type: T; data: OutcomeEventData<T> } }[OutcomeEventType]
/** One outcome event as it stands on Kafka. `at`: its own time, epoch ms. */
export type ToldEvent = Typed & { id: string; at: number; text: string; place: Place }
export type Place = { topic: string; partition: number; offset: string; receivedAt: number }

const envelope = z.object({
  id: z.string().regex(/^[\w~-]{1,256}$/),
  type: z.enum(Object.keys(outcomeEventData) as [OutcomeEventType, ...OutcomeEventType[]]),
  time: z.iso.datetime({ offset: true }),
  data: z.unknown(),
})

/** Undefined: no outcome event of ours, or one of a newer Curfew. */
export const toldEvent = (message: KafkaMessage, topic: string, partition: number): ToldEvent | undefined => {
  const text = message.value?.toString('utf8') ?? ''
  try {
    const { id, type, time, data } = envelope.parse(JSON.parse(text))
    const place = placeOf(message, { topic, partition })
    return { id, type, data: outcomeEventData[type].parse(data), at: Date.parse(time), text, place } as ToldEvent
  } catch {
    return undefined
  }
}

export const placeOf = (message: KafkaMessage, { topic, partition }: { topic: string; partition: number }): Place => ({
  topic,
  partition,
  offset: message.offset,
  receivedAt: Number(message.timestamp),
})
