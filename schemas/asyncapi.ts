import { z } from 'zod'
import { topicNames } from './config.ts'
import { type ContractMessage, contractMessages } from './contract-messages.ts'

type Topic = keyof typeof contractMessages
const direction = (topic: Topic) => (topic === 'outcomes' || topic === 'deadLetters' ? 'send' : 'receive')

/** The topics of a Kafka as others see them: what Curfew reads, and what it tells. One document, without references to other files. */
export const asyncApi = (version: string) => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Curfew',
    version,
    description: `Revokes every credential of a finished or leaked agent session, and proves each one dead.

Generated from schemas/ by \`npm run schemas\`. Topic names are the defaults of \`kafka.topics\` in the config. Every event is a CloudEvent 1.0:
structured (\`content-type: application/cloudevents+json\`, as described here) or binary (\`ce_\` headers, the message is \`data\`). Unknown
fields are ignored. Who may send what is a static table in the config; what may not, or does not fit, becomes a dead letter.`,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  defaultContentType: 'application/cloudevents+json',
  servers: {
    kafka: {
      host: '{broker}',
      protocol: 'kafka',
      variables: { broker: { default: '127.0.0.1:9092', description: 'One of kafka.brokers in the config.' } },
    },
  },
  channels: Object.fromEntries(topics().map(([topic, messages]) => [topic, channel(topic, messages)])),
  operations: Object.fromEntries(topics().map(([topic]) => [`${direction(topic)}.${topic}`, operation(topic)])),
  components: {
    messages: Object.fromEntries(everyMessage().map(([type, one, topic]) => [type, message(type, one, topic)])),
    schemas: Object.fromEntries(everyMessage().map(([type, one]) => [type, draft7(one.data)])),
  },
})

const topics = () => Object.entries(contractMessages) as [Topic, [string, ContractMessage][]][]
const everyMessage = () =>
  topics().flatMap(([topic, messages]) =>
    messages.map(([type, one]): [string, ContractMessage, Topic] => [type, one, topic]),
  )

const descriptions: Record<Topic, string> = {
  lifecycle: 'What orchestrators tell. Needs message.timestamp.type=LogAppendTime: the broker says when.',
  grants: 'What issuers tell. Needs message.timestamp.type=LogAppendTime: the broker says when.',
  leaks: 'What scanners tell. Needs message.timestamp.type=LogAppendTime: the broker says when.',
  outcomes: 'What Curfew tells, at least once.',
  deadLetters: 'What Curfew could not take in from the topics that it reads.',
}

const channel = (topic: Topic, messages: [string, ContractMessage][]) => ({
  address: topicNames.parse(undefined)[topic],
  description: descriptions[topic],
  servers: [{ $ref: '#/servers/kafka' }],
  messages: Object.fromEntries(messages.map(([type]) => [type, { $ref: `#/components/messages/${type}` }])),
})

const operation = (topic: Topic) => ({
  action: direction(topic),
  channel: { $ref: `#/channels/${topic}` },
  summary: descriptions[topic],
})

const message = (type: string, { summary, example, key }: ContractMessage, topic: Topic) => {
  const plain = topic === 'deadLetters'
  const data = { $ref: `#/components/schemas/${type}` }
  return {
    name: type,
    summary,
    contentType: plain ? 'application/json' : 'application/cloudevents+json',
    payload: plain ? data : cloudEvent(type, data, topic === 'outcomes'),
    ...(key === undefined
      ? {}
      : { bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: '0.5.0' } } }),
    ...(example === undefined
      ? {}
      : {
          examples: [{ payload: { specversion: '1.0', id: 'e-1', source: '/my-orchestrator', type, data: example } }],
        }),
  }
}

const cloudEvent = (type: string, data: object, ours: boolean) => ({
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', 'data', ...(ours ? ['time'] : [])],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', minLength: 1 },
    source: ours
      ? { type: 'string', const: '/curfew' }
      : {
          type: 'string',
          minLength: 1,
          format: 'uri-reference',
          description: 'With `id` it names the event: a repetition is the same event.',
        },
    type: { type: 'string', const: type },
    time: { type: 'string', format: 'date-time' },
    data,
  },
})

/** AsyncAPI's own schema language is a superset of JSON Schema draft 7. */
const draft7 = (shape: z.ZodType): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input', target: 'draft-7' })
  return schema
}
