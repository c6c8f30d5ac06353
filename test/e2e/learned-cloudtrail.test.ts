import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sampleAwsStore, sampleSecrets } from '../../infra/sample/aws-secrets.ts'
import { receiptOf } from '../support/expect-dead.ts'
import { createLogAppendTopic } from '../support/log-append-topic.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, twoOfEach, type World } from '../support/world.ts'

const topic = `cloudtrail-${process.pid}-${Date.now()}`
const dir = mkdtempSync(join(tmpdir(), 'curfew-cloudtrail-'))
let world: World
let producer: Producer
beforeAll(async () => {
  const { addresses } = await sharedStack()
  await createLogAppendTopic(addresses.kafkaBrokers, topic)
  producer = new Kafka({ brokers: addresses.kafkaBrokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const learn = { principal: 'issuer', topic, roles: ['agent'], secrets: ['agent/*'], sessionStart: {} }
  world = await startWorld({
    processes: [...twoOfEach, ['learn']],
    stores: [{ ...sampleAwsStore(addresses, dir), learn }],
  })
})
afterAll(async () => {
  await producer?.disconnect()
  await world?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** As EventBridge delivers it. The emulator has no CloudTrail: the secret is real, the record is ours. */
const told = async (eventName: string, session: string, detail: Record<string, unknown>) => {
  const { accountId, region } = world.stack.addresses.aws
  const userIdentity = { type: 'AssumedRole', arn: `arn:aws:sts::${accountId}:assumed-role/agent/${session}` }
  const event = {
    'detail-type': 'AWS API Call via CloudTrail',
    detail: {
      userIdentity,
      eventTime: new Date().toISOString(),
      eventSource: 'secretsmanager.amazonaws.com',
      eventName,
      awsRegion: region,
      eventID: crypto.randomUUID(),
      ...detail,
    },
  }
  await producer.send({ topic, acks: -1, messages: [{ value: JSON.stringify(event) }] })
}

it('a secret that a role session made is gone with its session; one that it only read is said to need rotation', async () => {
  const { addresses } = world.stack
  const inner = await world.issuer.token()
  const made = await sampleSecrets(addresses).holding('role-session-1', inner)
  const shared = await sampleSecrets(addresses).sharedVersion(inner)
  const [arn = '', version = ''] = shared.grant.handle.split('#')
  const own = world.prober.watch('a secret of its own', made)
  await until('it can be read', () => own.acceptedFirst)
  await told('CreateSecret', 'role-session-1', { responseElements: { arn: made.grant.handle } })
  await told('GetSecretValue', 'role-session-1', { requestParameters: { secretId: arn, versionId: version } })
  const read = await until('the read is said', () => receiptOf(world, { name: 'shared', credential: shared, tries: 0 }))
  expect(read).toMatchObject({ outcome: 'impossible', reason: expect.stringContaining('needs rotation') })
  await world.emitter.emit('curfew.session.ended', { session: 'role-session-1' })
  await until('the secret is gone', () => own.last?.includes('GetSecretValue: gone'))
  // Nobody said who honours what was in it.
  const receipt = await until('its receipt', () => receiptOf(world, own))
  expect(receipt).toMatchObject({ outcome: 'impossible', reason: expect.stringContaining('may be honoured elsewhere') })
})
