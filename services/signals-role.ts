import { type Kafka, Partitioners, type Producer } from 'kafkajs'
import { openGithubLoop, resolvingSenders } from './github-loop.ts'
import { payloadHash, sendDeadLetters } from './intake/dead-letters.ts'
import type { Parts, Started } from './roles.ts'
import { openPollStream } from './signals/caep/poll-stream.ts'
import { openPushStream } from './signals/caep/push-stream.ts'
import { followOutcomeEvents } from './signals/follow-outcome-events.ts'
import { observeSignal } from './signals/observe-signal.ts'
import type { Signal, SignalParts } from './signals/signal.ts'
import type { Place } from './signals/told-event.ts'
import { openWebhook } from './signals/webhook.ts'
import { openSigner, queueOf, streamsOf } from './ssf-wiring.ts'

/** Does this config name a receiver? */
export const tellsAnybody = (config: Parts['config']): boolean => {
  const { webhooks, caep } = config.signals
  return webhooks.length > 0 || (caep?.streams.length ?? 0) > 0 || resolvingSenders({ config }).length > 0
}

/** Tells what ended beside Kafka. One consumer group for each receiver: several processes share one's partitions. */
export const signalsRole = async (parts: Parts): Promise<Started> => {
  const { config, kafka } = parts
  if (!tellsAnybody(config)) return { close: () => Promise.resolve() }
  const producer = await deadLetterProducer(kafka)
  const letter = deadLetters(producer, config.kafka.topics.deadLetters)
  const signals: Signal[] = []
  const started: Started[] = []
  const close = async () => {
    for (const one of [...started, ...signals]) await one.close()
    await producer.disconnect()
  }
  try {
    signals.push(...(await openSignals(parts, letter)))
    for (const signal of signals) started.push(await follow(parts, signal, letter))
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

const openSignals = async (parts: Parts, letter: Letter): Promise<Signal[]> => {
  const { webhooks, caep } = parts.config.signals
  const shared: SignalParts = {
    secrets: new Map(parts.config.secrets.map(({ id, tenant }) => [id, tenant])),
    now: Date.now,
    deadLetter: (signal, event) => letter(signal, 'not_taken', event.place, Buffer.from(event.text)),
  }
  const tellOf = (id: string) => observeSignal(id, { log: parts.log, counters: parts.counters, now: Date.now })
  const hooks = webhooks.map(webhook => openWebhook(webhook, shared, tellOf(webhook.id)))
  const loops = resolvingSenders(parts).map(sender =>
    openGithubLoop(sender, parts, shared, tellOf(`github-${sender.id}`)),
  )
  if (!caep) return [...hooks, ...loops]
  const { sign } = await openSigner(parts, caep)
  const queue = queueOf(parts)
  const streams = streamsOf(parts, caep).map(({ delivery, ...stream }) =>
    delivery.method === 'push'
      ? openPushStream({ ...stream, delivery }, { ...shared, sign }, tellOf(stream.id))
      : openPollStream({ ...stream, delivery }, { ...shared, sign, queue: queue(stream.id) }, tellOf(stream.id)),
  )
  return [...hooks, ...loops, ...streams]
}

const follow = ({ config, kafka, onFatal }: Parts, { id, chunk, handle, tell }: Signal, letter: Letter) =>
  followOutcomeEvents({
    kafka,
    topic: config.kafka.topics.outcomes,
    group: `${config.kafka.group}-signals-${id}`,
    chunk,
    handle,
    onLost: events => tell({ event: 'lost', events }),
    onUnreadable: async (place, body) => {
      await letter(id, 'unreadable', place, body)
      tell({ event: 'unreadable' })
    },
    onFatal,
  })

const deadLetterProducer = async (kafka: Kafka): Promise<Producer> => {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  return producer
}

const details = {
  not_taken: 'it was not taken until it was too old',
  unreadable: 'no outcome event that this version knows',
}
type Letter = ReturnType<typeof deadLetters>

const deadLetters =
  (producer: Producer, topic: string) =>
  (signal: string, reason: keyof typeof details, place: Place, body: Buffer): Promise<void> =>
    sendDeadLetters(producer, topic, [
      {
        ...place,
        reason,
        detail: `signal "${signal}": ${details[reason]}`,
        payloadSha256: payloadHash(body),
        principal: `signal:${signal}`,
      },
    ])
