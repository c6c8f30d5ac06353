import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectAlive } from '../support/expect-dead.ts'
import { endSession, expectAllDead, type LoadedSession, openSessions } from '../support/load.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let control: LoadedSession[]
beforeEach(async () => {
  world = await startWorld()
  control = await openSessions(world, 1)
})
afterEach(async () => {
  for (const one of control.flatMap(session => session.held)) await expectAlive(one)
  await world.close()
})

/** Ends half, does the damage, ends the other half; nobody starts anything again by hand. */
const survives = async (damage: () => Promise<unknown>) => {
  const sessions = await openSessions(world, 8)
  for (const one of sessions.slice(0, 4)) await endSession(world, one)
  await damage()
  for (const one of sessions.slice(4))
    await until('the end is sent', () => endSession(world, one).catch(() => undefined), { withinMs: 60_000 })
  await expectAllDead(world, sessions, 90_000)
}

describe('the same outcome, and nothing else killed, after', () => {
  it('FLUSHALL', () => survives(() => world.redis.flushall()))

  it('kill -9 of Redis', () => survives(() => world.stack.kill('redis')))

  it('kill -9 of Kafka', () => survives(() => world.stack.kill('kafka')))

  it('kill -9 of Vault', () => survives(() => world.stack.kill('vault')))

  it('kill -9 of a worker, an intake and a ledger process', () =>
    survives(async () => {
      for (const role of ['work', 'intake', 'ledger']) process.kill(world.launched.pids(role)[0] ?? 0, 'SIGKILL')
    }))

  it('kill -9 of everything', () =>
    survives(async () => {
      for (const pid of world.launched.pids()) process.kill(pid, 'SIGKILL')
      await Promise.all((['redis', 'kafka', 'vault', 'postgres'] as const).map(name => world.stack.kill(name)))
    }))

  it('FLUSHALL and kill -9 of everything at once', () =>
    survives(async () => {
      await world.redis.flushall()
      for (const pid of world.launched.pids()) process.kill(pid, 'SIGKILL')
      await Promise.all((['redis', 'kafka'] as const).map(name => world.stack.kill(name)))
    }))
})

describe('Kafka down for a minute', () => {
  it('final expiries, maximum lives and ends that were read die in time, and the receipts follow', async () => {
    const session = 'outage'
    await world.emitter.emit('curfew.session.started', { session })
    await world.emitter.emit('curfew.session.started', { session: 'short', maxLifeMs: 25_000 })
    const inMs = (ms: number) => ({ expiresAt: new Date(Date.now() + ms).toISOString(), renewable: false })
    const early = await world.handOut(session, await world.issuer.token(), inMs(12_000))
    const late = await world.handOut(session, await world.issuer.databaseLogin(), inMs(50_000))
    const life = await world.handOut('short', await world.issuer.token())
    const [ended] = await openSessions(world, 1)
    if (!ended) throw new Error('no session')
    await until('all were seen', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
    // An end that was read while the store is away, and that can only be acted on while Kafka is away.
    await world.stack.stop('vault')
    await endSession(world, ended)
    await until(
      'the end is folded',
      async () => (await world.redis.zcount(world.key('at:hard'), '-inf', Date.now())) >= 3,
    )
    const stoppedAt = Date.now()
    await world.stack.stop('kafka')
    await world.stack.start('vault')
    for (const watched of [early, life, late, ...ended.held])
      await until(`${watched.name} is refused without Kafka`, () => watched.refusedFirst, { withinMs: 70_000 })
    await until('a minute is over', () => Date.now() - stoppedAt > 60_000, { withinMs: 60_000 })
    await world.stack.start('kafka')
    for (const [watched, cause] of [
      [early, 'expired'],
      [late, 'expired'],
      [life, 'max_life'],
    ] as const) {
      const receipt = await until('its receipt follows', async () =>
        [...(await world.receipts()).values()].find(one => one.handle === watched.credential.grant.handle),
      )
      expect(receipt).toMatchObject({ outcome: 'verified', cause })
      expect((receipt.deadSince ?? 0) - receipt.dueAt).toBeLessThan(world.config.bounds.credentialMs)
    }
    await expectAllDead(world, [ended])
  })
})

describe('Kafka that hangs instead of refusing', () => {
  it('does not stop the killing of what is known to be due, and the receipts follow', async () => {
    const session = 'hanging'
    await world.emitter.emit('curfew.session.started', { session })
    const expiresAt = new Date(Date.now() + 10_000).toISOString()
    const held = await Promise.all(
      Array.from({ length: 40 }, async () =>
        world.handOut(session, await world.issuer.token(), { expiresAt, renewable: false }),
      ),
    )
    await until('all were seen', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
    await world.stack.pause('kafka')
    try {
      const allRefused = () => held.every(one => one.refusedFirst !== undefined)
      await until('all are refused while Kafka hangs', allRefused, { withinMs: 45_000 })
      for (const one of held)
        expect((one.refusedFirst ?? 0) - Date.parse(expiresAt)).toBeLessThan(world.config.bounds.credentialMs)
    } finally {
      await world.stack.resume('kafka')
    }
    const handles = new Set(held.map(one => one.credential.grant.handle))
    const verified = async () =>
      [...(await world.receipts()).values()].filter(one => handles.has(one.handle) && one.outcome === 'verified').length
    await until('the receipts follow', async () => (await verified()) === held.length, { withinMs: 60_000 })
  })
})
