import { randomUUID } from 'node:crypto'
import { CloudEvent, Kafka as KafkaBinding } from 'cloudevents'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import type { EventType } from '../../schemas/events.ts'

export type EventTopics = { lifecycle: string; grants: string; leaks: string }
export type Emitter = {
  /** Sends one CloudEvent, structured mode by default, keyed by its session as an orchestrator would. Returns its id. */
  emit(
    type: EventType,
    data: Record<string, unknown>,
    options?: { mode?: 'structured' | 'binary'; id?: string; traceparent?: string },
  ): Promise<string>
  close(): Promise<void>
}

/** An orchestrator, an issuer and a scanner in one: writes to the input topics as any sender would. */
export const emitter = async (brokers: string[], topics: EventTopics): Promise<Emitter> => {
  const kafka = new Kafka({ brokers, clientId: 'sample-world', logLevel: logLevel.NOTHING })
  const producer: Producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const topicOf = (type: EventType) =>
    type.startsWith('curfew.credential')
      ? topics.grants
      : type.startsWith('curfew.leak')
        ? topics.leaks
        : topics.lifecycle
  return {
    emit: async (type, data, { mode = 'structured', id = randomUUID(), traceparent } = {}) => {
      const event = new CloudEvent({ id, type, source: '/sample-world', time: new Date().toISOString(), data })
      const key = typeof data.session === 'string' ? data.session : id
      const message = mode === 'structured' ? KafkaBinding.structured(event) : KafkaBinding.binary(event)
      const value = mode === 'structured' ? String(message.body) : JSON.stringify(data)
      const headers = Object.fromEntries(
        Object.entries(message.headers).flatMap(([name, header]) =>
          header === undefined ? [] : [[name, String(header)]],
        ),
      )
      await producer.send({
        topic: topicOf(type),
        acks: -1,
        messages: [{ key, value, headers: { ...headers, ...(traceparent && { traceparent }) } }],
      })
      return id
    },
    close: () => producer.disconnect(),
  }
}
