import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sampleAwsStore, sampleSecrets } from '../../infra/sample/aws-secrets.ts'
import { credentialId, sessionKey } from '../../services/pipeline/ids.ts'
import { type AwsKeyWorld, startAwsKeyWorld } from '../support/aws-key-world.ts'
import { receiptOf } from '../support/expect-dead.ts'
import { createLogAppendTopic } from '../support/log-append-topic.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { twoOfEach, type World } from '../support/world.ts'

const topic = `cloudtrail-${process.pid}-${Date.now()}`
const dir = mkdtempSync(join(tmpdir(), 'curfew-cloudtrail-'))
let world: World
let registered: AwsKeyWorld
let producer: Producer
beforeAll(async () => {
  const { addresses } = await sharedStack()
  await createLogAppendTopic(addresses.kafkaBrokers, topic)
  producer = new Kafka({ brokers: addresses.kafkaBrokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const learn = { principal: 'issuer', topic, roles: ['agent'], secrets: ['agent/*'], sessionStart: {} }
  // One instance learns and ends what sessions made, another one, with a login of its own, rotates what the registry knows.
  registered = await startAwsKeyWorld(
    { afterTask: true, overlapMs: 0 },
    { more: [{ ...sampleAwsStore(addresses, dir), learn }], processes: [...twoOfEach, ['learn']] },
  )
  world = registered.world
})
afterAll(async () => {
  await producer?.disconnect()
  await registered?.close()
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

it('a registered secret that a role session read is rotated when the session ends, and the session has a verified receipt', async () => {
  const { kept, use, first } = registered
  const [version] = Object.keys(await kept.labels())
  await until('the key was seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  const longAgo = new Date(Date.now() - 60_000).toISOString()

  await told('GetSecretValue', 'reader-1', { requestParameters: { secretId: kept.name } })
  const handle = `${kept.name}#${version}`
  const grant = world.key(`c:${credentialId('aws-rotator', handle)}`)
  await until('the read is known by its version', async () => (await world.redis.hexists(grant, 'seen')) === 1)
  expect(await use(first)).toBe('accepted')
  await world.emitter.emit('curfew.session.ended', { session: 'reader-1' })
  await until('the key that it read is refused', async () => (await use(first)) === 'refused', { withinMs: 60_000 })
  expect(await use(await registered.current())).toBe('accepted')
  const receiptOfSession = async (session: string) =>
    [...(await world.receipts()).values()].find(({ grants }) => grants.some(held => held.session === session))
  const receipt = await until('its receipt', () => receiptOfSession('reader-1'), { withinMs: 60_000 })
  expect(receipt).toMatchObject({ outcome: 'verified', kind: 'aws.secret-version', handle, store: 'aws-rotator' })

  // Told long after: it read the version of then, which is dead, and nothing is rotated for it.
  const asked = { requestParameters: { secretId: kept.name }, eventTime: longAgo }
  await told('GetSecretValue', 'reader-2', asked)
  const late = `g:${sessionKey('acme', 'reader-2')}`
  await until('the late read is the old version too', async () => (await world.redis.hexists(grant, late)) === 1)
  await world.emitter.emit('curfew.session.ended', { session: 'reader-2' })
  await until('its end is known', () => world.redis.hexists(world.key(`s:${sessionKey('acme', 'reader-2')}`), 'ended'))
  const known = Object.keys(await world.redis.hgetall(world.key(`x:${registered.id}`)))
  expect(known.filter(field => field.startsWith('q:'))).toHaveLength(1)
})
