import { randomUUID } from 'node:crypto'
import { type Admin, type Consumer, type EachMessagePayload, Kafka, logLevel } from 'kafkajs'

const topic = 'stack-readiness'
const timeoutMs = 10_000

/**
 * A produce and a consume in a group: an open port says little. The client is silent, since for a moment after the start
 * "coordinator is loading" is normal, and the caller asks again.
 */
export async function probeKafka(brokers: string[]): Promise<void> {
  const kafka = new Kafka({
    clientId: 'stack-readiness',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 3_000,
    retry: { retries: 0 },
  })
  const groupId = `stack-readiness-${randomUUID()}`
  const admin = kafka.admin()
  try {
    await admin.connect()
    await ensureTopic(admin)
    await produceAndConsume(kafka, groupId)
    await admin.deleteGroups([groupId])
  } finally {
    await admin.disconnect()
  }
}

async function ensureTopic(admin: Admin): Promise<void> {
  const entries = ['retention.ms', 'segment.ms'].map(name => ({ name, value: '60000' }))
  if ((await admin.listTopics()).includes(topic)) return
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries: entries }] })
}

async function produceAndConsume(kafka: Kafka, groupId: string): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 50,
    allowAutoTopicCreation: false,
    retry: { retries: 3 },
  })
  try {
    await Promise.all([producer.connect(), consumer.connect()])
    const sent = await producer.send({ topic, messages: [{ value: groupId }] })
    await receive(consumer, groupId, sent[0]?.baseOffset ?? '0')
  } finally {
    await Promise.allSettled([producer.disconnect(), consumer.disconnect()])
  }
}

async function receive(consumer: Consumer, value: string, offset: string): Promise<void> {
  await consumer.subscribe({ topic, fromBeginning: true })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {}) // `run` may throw first
  const deadline = setTimeout(() => reject(new Error(`nothing was consumed in ${timeoutMs} ms`)), timeoutMs)
  consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
  const eachMessage = async ({ message }: EachMessagePayload) => {
    if (message.value?.toString() === value) resolve()
  }
  try {
    await consumer.run({ autoCommit: false, eachMessage })
    consumer.seek({ topic, partition: 0, offset })
    await promise
  } finally {
    clearTimeout(deadline)
  }
}
