import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { World } from './world.ts'

/** A value that must not come out of any dead letter. */
export const poisonMarker = 'poison-value-3f9c'

type Poison = { reason: string; topic: 'lifecycle' | 'grants' | 'leaks'; value: string | null; contentType?: string }
const event = (type: string, data: unknown) =>
  JSON.stringify({ specversion: '1.0', id: crypto.randomUUID(), source: '/poison', type, data })
const structured = 'application/cloudevents+json'

const poisons: Poison[] = [
  { reason: 'not_json', topic: 'lifecycle', value: `{"${poisonMarker}`, contentType: structured },
  { reason: 'empty', topic: 'lifecycle', value: null, contentType: structured },
  { reason: 'not_a_cloudevent', topic: 'lifecycle', value: `{"data":"${poisonMarker}"}`, contentType: structured },
  { reason: 'unknown_type', topic: 'lifecycle', value: event('curfew.unheard', {}), contentType: structured },
  {
    reason: 'invalid_data',
    topic: 'lifecycle',
    value: event('curfew.session.ended', { session: [poisonMarker] }),
    contentType: structured,
  },
  {
    reason: 'not_allowed',
    topic: 'lifecycle',
    value: event('curfew.leak.detected', { fingerprint: `p:${'0'.repeat(64)}` }),
    contentType: structured,
  },
  {
    reason: 'too_deep',
    topic: 'leaks',
    value: `${'['.repeat(40)}"${poisonMarker}"${']'.repeat(40)}`,
    contentType: structured,
  },
  { reason: 'too_large', topic: 'leaks', value: JSON.stringify(poisonMarker.repeat(20_000)), contentType: structured },
  {
    reason: 'cannot_open',
    topic: 'leaks',
    value: event('curfew.leak.detected', { sealed: 'a.b.c.d.e' }),
    contentType: structured,
  },
  { reason: 'unsupported_encoding', topic: 'grants', value: '[]', contentType: 'application/cloudevents-batch+json' },
]

export const sendPoison = async (world: World) => {
  const { brokers, topics } = world.config.kafka
  const kafka = new Kafka({ brokers, clientId: 'poisoner', logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (const { topic, value, contentType } of poisons)
    await producer.send({
      topic: topics[topic],
      messages: [
        { key: 'poison', value, ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }) },
      ],
    })
  await producer.disconnect()
  const letters: DeadLetter[] = []
  const consumer = kafka.consumer({ groupId: `letters-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: topics.deadLetters, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => {
      letters.push(JSON.parse(message.value?.toString() ?? ''))
      return Promise.resolve()
    },
  })
  return { sent: poisons, read: () => Promise.resolve(letters), close: () => consumer.disconnect() }
}
