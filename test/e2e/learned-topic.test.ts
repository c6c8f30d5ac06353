import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { type LearningWorld, startLearningWorld } from '../support/learning-world.ts'
import { createLogAppendTopic } from '../support/log-append-topic.ts'
import { seal } from '../support/seal.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const topic = `audit-${process.pid}-${Date.now()}`
let learning: LearningWorld
let producer: Producer
let shippedTo = 0

/** What a log shipper does: the file's new lines, each in an envelope of its own. */
const ship = async () => {
  const { vaultAuditFile } = learning.world.stack.addresses
  const end = statSync(vaultAuditFile).size
  if (end <= shippedTo) return
  const lines: string[] = []
  const input = createReadStream(vaultAuditFile, { start: shippedTo, end: end - 1 })
  for await (const line of createInterface({ input })) lines.push(line)
  shippedTo = end
  await producer.send({ topic, acks: -1, messages: lines.map(message => ({ value: JSON.stringify({ message }) })) })
}

beforeAll(async () => {
  const { addresses } = await sharedStack()
  const kafka = new Kafka({ brokers: addresses.kafkaBrokers, logLevel: logLevel.NOTHING })
  await createLogAppendTopic(addresses.kafkaBrokers, topic)
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  learning = await startLearningWorld({ learn: { auditFile: undefined, positionFile: undefined, auditTopic: topic } })
  shippedTo = statSync(addresses.vaultAuditFile).size
})
afterAll(async () => {
  await producer?.disconnect()
  await learning?.close()
})

it('audit records on a Kafka topic become the same grants, and what is no record is a dead letter that asks for an inventory', async () => {
  const { world, app } = learning
  const session = 'over-kafka'
  const token = await app.login(session)
  const login = await app.databaseLogin(token)
  const neighbour = await app.login('over-kafka-2')
  const [watched, leaky, alive] = [
    world.prober.watch('a token', token),
    world.prober.watch('a database login', login),
    world.prober.watch("a neighbour's token", neighbour),
  ]
  await until('accepted', () => [watched, leaky, alive].every(one => one.acceptedFirst))
  await producer.send({ topic, acks: -1, messages: [{ value: 'hvs.not-a-record {' }, { value: null }] })
  await ship()
  for (const one of [token, login, neighbour]) await learning.learned(one)
  await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, login.values[0] ?? '') })
  await expectDead(world, leaky, 'leaked')
  await world.emitter.emit('curfew.session.ended', { session })
  await expectDead(world, watched, 'session_ended')
  await expectAlive(alive)
  await until('inventories were taken', () => world.output().split('"msg":"inventory"').length > 2)
  expect(world.output()).not.toContain('hvs.not-a-record')
})
