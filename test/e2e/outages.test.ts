import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectVaultAdmin } from '../../infra/vault/admin-client.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { endSession, expectAllDead, openSessions } from '../support/load.ts'
import { poisonMarker, sendPoison } from '../support/poison.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ overrides: { cap: { kills: 2, windowMs: 600_000 } } })
})
afterAll(() => world?.close())

const notes = async () => Object.values(await world.redis.hgetall(world.key('notes'))).map(text => JSON.parse(text))

it('a Vault that is down: retried, listed as blocked with its age and reason, dead after it returns', async () => {
  const sessions = await openSessions(world, 2)
  await world.stack.stop('vault')
  for (const one of sessions) await endSession(world, one)
  const blocked = await until('it is listed', async () => (await notes()).find(note => note.blocked)?.blocked)
  expect(blocked.code).toMatch(/unreachable|timeout/)
  await world.stack.start('vault')
  await expectAllDead(world, sessions)
})

it('a Vault that is sealed: the same', async () => {
  const sessions = await openSessions(world, 2)
  const admin = await connectVaultAdmin(world.stack.addresses.vault)
  expect((await admin.call('PUT', 'sys/seal')).status).toBe(204)
  await admin.close()
  for (const one of sessions) await endSession(world, one)
  await until('it is listed as sealed', async () => (await notes()).some(note => note.blocked?.code === 'sealed'))
  // Auto-unseal happens at its start.
  await world.stack.kill('vault')
  await world.stack.ready('vault')
  await expectAllDead(world, sessions)
})

it('a Vault killed in the middle of the revocations: the same', async () => {
  const sessions = await openSessions(world, 6)
  await Promise.all(sessions.map(one => endSession(world, one)))
  await world.stack.kill('vault')
  await expectAllDead(world, sessions)
})

it('a PostgreSQL that is down: the login is not called dead, and dies after it returns', async () => {
  const [session] = await openSessions(world, 1, 0)
  if (!session) throw new Error('no session')
  await until('it was seen', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  await world.stack.stop('postgres')
  await endSession(world, session)
  await until('it is listed', async () => (await notes()).some(note => note.blocked))
  await world.stack.start('postgres')
  await expectAllDead(world, [session])
})

it('a renewal that is read late saves its credential', async () => {
  const session = 'renewed-late'
  await world.emitter.emit('curfew.session.started', { session })
  const expiresAt = new Date(Date.now() + 5_000).toISOString()
  const token = await world.issuer.token()
  const watched = await world.handOut(session, token, { expiresAt, renewable: true })
  await until('it was folded', async () => (await world.redis.zcard(world.key('at:expiry'))) > 0)
  const readers = world.launched.pids('intake')
  for (const pid of readers) process.kill(pid, 'SIGSTOP')
  const later = new Date(Date.now() + 3_600_000).toISOString()
  await world.emitter.emit('curfew.credential.renewed', {
    store: 'vault-local',
    handle: token.grant.handle,
    expiresAt: later,
  })
  await until('its old expiry has passed', () => Date.now() > Date.parse(expiresAt) + 3_000)
  await expectAlive(watched)
  for (const pid of readers) process.kill(pid, 'SIGCONT')
  const renewed = async () =>
    Number(await world.redis.zscore(world.key('at:expiry'), credentialId('vault-local', token.grant.handle)))
  await until('the renewal is folded', async () => (await renewed()) === Date.parse(later), { withinMs: 60_000 })
  await expectAlive(watched)
})

it('inferred kills over the cap are held; an explicit end takes a held credential at once', async () => {
  const silent = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async name => {
      await world.emitter.emit('curfew.session.started', { session: `silent-${name}`, idleMs: 2_000 })
      return world.handOut(`silent-${name}`, await world.issuer.token())
    }),
  )
  const held = await until('two are held', async () => {
    const all = (await notes()).filter(note => note.heldSince)
    return all.length === 2 && all
  })
  expect(held).toHaveLength(2)
  await until('two are dead', () => silent.filter(one => one.refusedFirst).length === 2)
  const left = silent.filter(one => !one.refusedFirst)
  for (const one of left) await expectAlive(one)
  for (const name of ['a', 'b', 'c', 'd'])
    await world.emitter.emit('curfew.session.ended', { session: `silent-${name}` })
  for (const one of left) await expectDead(world, one, 'session_ended')
})

it('bad input goes to the dead letters with its reason and place, and the consumer goes on', async () => {
  const token = await world.handOut('after-poison', await world.issuer.token(), { sessionStart: {} })
  const letters = await sendPoison(world)
  await world.emitter.emit('curfew.session.ended', { session: 'after-poison' })
  await expectDead(world, token, 'session_ended')
  await until('all letters are there', async () => (await letters.read()).length >= letters.sent.length)
  const found = await letters.read()
  expect(found.map(letter => letter.reason).sort()).toEqual(letters.sent.map(one => one.reason).sort())
  for (const letter of found) {
    expect(letter).toMatchObject({
      topic: expect.any(String),
      partition: expect.any(Number),
      payloadSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(JSON.stringify(letter)).not.toContain(poisonMarker)
  }
  await letters.close()
})

it('the session of the pipeline itself is renewed or taken anew when it is lost', async () => {
  const [session] = await openSessions(world, 1)
  if (!session) throw new Error('no session')
  const admin = await connectVaultAdmin(world.stack.addresses.vault)
  const listed = await admin.call('GET', 'auth/token/accessors?list=true')
  for (const accessor of (listed.body.data as { keys: string[] }).keys) {
    const found = await admin.call('POST', 'auth/token/lookup-accessor', { accessor })
    const { path, policies } = (found.body.data ?? {}) as { path?: string; policies?: string[] }
    if (path === 'auth/approle/login' && policies?.includes('curfew-pipeline'))
      await admin.call('POST', 'auth/token/revoke-accessor', { accessor })
  }
  await admin.close()
  await endSession(world, session)
  await expectAllDead(world, [session])
  expect(world.output()).toContain('store_session_lost')
})
