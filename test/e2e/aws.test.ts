import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SampleSecrets, sampleAwsStore, sampleSecrets } from '../../infra/sample/aws-secrets.ts'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { type AwsEmulator, awsEmulator } from '../support/aws-world.ts'
import { expectAlive, expectDead, receiptOf } from '../support/expect-dead.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

// AWS is an emulator here; the PostgreSQL and the Vault-compatible server that honour what the secrets hold are real.
let world: World
let secrets: SampleSecrets
let aws: AwsEmulator
const folder = mkdtempSync(join(tmpdir(), 'curfew-aws-e2e-'))
beforeAll(async () => {
  const { addresses } = await sharedStack()
  aws = await awsEmulator(addresses)
  secrets = sampleSecrets(addresses)
  world = await startWorld({ stores: [sampleAwsStore(addresses, folder)] })
})
afterAll(async () => {
  await world?.close()
  await aws?.close()
  rmSync(folder, { recursive: true })
})

const start = (session: string) => world.emitter.emit('curfew.session.started', { session })
const end = (session: string) => world.emitter.emit('curfew.session.ended', { session })
const there = ({ grant }: SampleCredential) =>
  aws.call('DescribeSecret', { SecretId: grant.handle.split('#')[0] }).then(
    () => true,
    error => !String(error).includes('ResourceNotFoundException'),
  )
const receipt = (watched: Watched) => until('its receipt', () => receiptOf(world, watched))

it('a finished task: the login inside its secret is refused by PostgreSQL, the secret is gone, and the receipt has the evidence of the issuer', async () => {
  await start('a')
  const login = await world.issuer.databaseLogin()
  const inner = world.prober.watch('the login inside', login)
  const watched = await world.handOut('a', await secrets.holding('a', login), { task: 't' })
  const neighbour = await world.handOut('a', await secrets.holding('a', await world.issuer.databaseLogin()))
  await world.emitter.emit('curfew.task.finished', { session: 'a', task: 't', result: 'completed' })
  const death = await expectDead(world, inner, 'task_finished')
  const retired = await expectDead(world, watched, 'task_finished')
  expect(watched.last).toMatch(/^GetSecretValue: gone, the kept value used, PostgreSQL: refused 28/)
  expect(await there(watched.credential)).toBe(false)
  expect(retired).toMatchObject({ store: 'aws-local', evidence: death.evidence })
  expect(retired.deadSince, 'not dead before what it holds').toBeGreaterThanOrEqual(death.deadSince ?? Infinity)
  await expectAlive(neighbour)
  expect(await there(neighbour.credential)).toBe(true)
})

it('a version of a shared secret needs rotation: said at registration, and nothing is touched', async () => {
  await start('b')
  const shared = await secrets.sharedVersion(await world.issuer.databaseLogin())
  const watched = await world.handOut('b', shared)
  expect(await receipt(watched)).toMatchObject({
    outcome: 'impossible',
    cause: 'first_probe',
    reason: 'needs rotation: a version of a shared secret',
  })
  await end('b')
  await expectAlive(watched)
  expect(await there(shared)).toBe(true)
})

it('a secret of which nobody says what it holds is gone, but never verified: it may be honoured elsewhere', async () => {
  await start('c')
  const watched = await world.handOut(
    'c',
    await secrets.holding('c', await world.issuer.databaseLogin(), { tellInside: false }),
  )
  await end('c')
  expect(await receipt(watched)).toMatchObject({
    outcome: 'impossible',
    cause: 'session_ended',
    reason: expect.stringMatching(/^may be honoured elsewhere, unreadable since 20/),
  })
  expect(await there(watched.credential)).toBe(false)
  // The prober says the same: who has read it before still gets in.
  await expectAlive(watched)
})

it('a secret that is not ours is untouched and impossible, whoever registered it; what it holds still dies', async () => {
  await start('d')
  const login = await world.issuer.databaseLogin()
  const inner = world.prober.watch('the login inside', login)
  const watched = await world.handOut('d', await secrets.holding('d', login, { tagged: false }))
  expect(await receipt(watched)).toMatchObject({
    outcome: 'impossible',
    cause: 'first_probe',
    reason: expect.stringContaining('no tag "curfew-session"'),
  })
  await end('d')
  await expectDead(world, inner, 'session_ended')
  expect(await there(watched.credential)).toBe(true)
})

it('with the database down the secret is retired, and verified only when the database refuses the login', async () => {
  await start('e')
  const login = await world.issuer.databaseLogin()
  const inner = world.prober.watch('the login inside', login)
  const watched = await world.handOut('e', await secrets.holding('e', login))
  await until('both were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  await world.stack.stop('postgres')
  try {
    await end('e')
    await until('the secret is gone', async () => !(await there(watched.credential)))
    // Asked again and again, over the store's window: a keeper that were believed would have its receipt by now.
    const { handle } = watched.credential.grant
    const note = async () =>
      JSON.parse((await world.redis.hget(world.key('notes'), credentialId('aws-local', handle))) ?? '{}')
    await until('its window is over', async () => {
      const { steppedAt, refusedSince } = await note()
      return refusedSince !== undefined && Date.now() > steppedAt + 1_000
    })
    const { attempts } = await note()
    await until('it was tried five times more', async () => (await note()).attempts >= attempts + 5)
    expect(await receiptOf(world, watched)).toBeUndefined()
    expect(await receiptOf(world, inner)).toBeUndefined()
    expect(watched.refusedFirst).toBeUndefined()
  } finally {
    await world.stack.start('postgres')
  }
  const death = await expectDead(world, inner, 'session_ended')
  const retired = await expectDead(world, watched, 'session_ended')
  expect(retired.settledAt).toBeGreaterThanOrEqual(death.settledAt)
  expect(retired.deadSince).toBeGreaterThanOrEqual(death.deadSince ?? Infinity)
})

it('with AWS silent, what the secret holds dies in time all the same; the secret follows when AWS answers', async () => {
  await start('f')
  const login = await world.issuer.databaseLogin()
  const inner = world.prober.watch('the login inside', login)
  const watched = await world.handOut('f', await secrets.holding('f', login))
  await until('both were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  await world.stack.pause('aws')
  try {
    await end('f')
    await expectDead(world, inner, 'session_ended')
    const problems = () => world.output().includes('no answer in time')
    await until('the silence is told', problems)
    expect(await receiptOf(world, watched)).toBeUndefined()
  } finally {
    await world.stack.resume('aws')
  }
  await until('its receipt', () => receiptOf(world, watched))
  expect(await receiptOf(world, watched)).toMatchObject({ outcome: 'verified', cause: 'session_ended' })
  expect(await there(watched.credential)).toBe(false)
})
