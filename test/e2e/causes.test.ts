import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectAlive, expectDead, receiptOf } from '../support/expect-dead.ts'
import { fingerprintOf, seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ overrides: { session: { graceMs: 3_000 } } })
})
afterAll(() => world?.close())

let sessions = 0
const announced = async (limits: Record<string, unknown> = {}) => {
  sessions += 1
  const session = `run-${sessions}`
  await world.emitter.emit('curfew.session.started', { session, ...limits })
  return session
}
const allKinds = async (session: string, extra: Record<string, unknown> = {}) => {
  const made = [await world.issuer.token(), await world.issuer.databaseLogin(), await world.issuer.secretId()]
  return Promise.all(made.map(credential => world.handOut(session, credential, extra)))
}

describe('every cause ends in a refusal that an outside prober sees, with all Vault kinds', () => {
  it('a finished task', async () => {
    const session = await announced()
    const held = await allKinds(session, { task: 'build' })
    const untouched = await world.handOut(session, await world.issuer.token(), { task: 'other' })
    await world.emitter.emit('curfew.task.finished', { session, task: 'build', result: 'failed' })
    for (const watched of held) await expectDead(world, watched, 'task_finished')
    await expectAlive(untouched)
  })

  it('an ended session', async () => {
    const session = await announced()
    const held = await allKinds(session)
    await world.emitter.emit('curfew.session.ended', { session }, { mode: 'binary' })
    for (const watched of held) await expectDead(world, watched, 'session_ended')
  })

  it('a time-to-live that ran out, final or renewable', async () => {
    const session = await announced()
    const expiresAt = new Date(Date.now() + 4_000).toISOString()
    const final = await allKinds(session, { expiresAt, renewable: false })
    const renewable = await world.handOut(session, await world.issuer.token(), { expiresAt, renewable: true })
    for (const watched of [...final, renewable]) await expectDead(world, watched, 'expired')
  })

  it('silence', async () => {
    const held = await allKinds(await announced({ idleMs: 3_000 }))
    for (const watched of held) await expectDead(world, watched, 'idle')
  })

  it('a maximum life', async () => {
    const held = await allKinds(await announced({ maxLifeMs: 3_000 }))
    for (const watched of held) await expectDead(world, watched, 'max_life')
  })

  it('a leak of the value after the grant', async () => {
    const session = await announced()
    const made = [await world.issuer.token(), await world.issuer.databaseLogin(), await world.issuer.secretId()]
    const held = await Promise.all(
      made.map(async one => world.handOut(session, one, { sealed: [await seal(world.config, one.values[0] ?? '')] })),
    )
    const untouched = await world.handOut(session, await world.issuer.token())
    for (const one of made)
      await world.emitter.emit('curfew.leak.detected', {
        sealed: await seal(world.config, ` ${one.values[0]}\n`),
        source: 'test',
      })
    for (const watched of held) await expectDead(world, watched, 'leaked')
    await expectAlive(untouched)
  })

  it('a leak of the value before the grant', async () => {
    const session = await announced()
    const token = await world.issuer.token()
    const watched = world.prober.watch('leaked before its grant', token)
    await until('accepted', () => watched.acceptedFirst)
    await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, token.values[0] ?? '') })
    const leak = world.key(`f:${await fingerprintOf(world.config, token.values[0] ?? '')}`)
    await until('the leak is folded', async () => (await world.redis.exists(leak)) === 1)
    await world.grant(session, token, { sealed: [await seal(world.config, token.values[0] ?? '')] })
    await expectDead(world, watched, 'leaked')
  })
})

describe('order', () => {
  it('a grant that arrives after the end of its session is dead within the bound', async () => {
    const session = await announced()
    await world.emitter.emit('curfew.session.ended', { session })
    const late = await world.handOut(session, await world.issuer.token())
    await expectDead(world, late, 'session_ended')
  })

  it('a grant of a session that was never announced is dead after the grace', async () => {
    const watched = await world.handOut('never-announced', await world.issuer.token())
    const receipt = await expectDead(world, watched, 'unannounced')
    expect(receipt.deadSince).toBeGreaterThanOrEqual(receipt.dueAt)
  })

  it('a grant whose start comes later but inside the grace is untouched', async () => {
    const watched = await world.handOut('late-start', await world.issuer.token())
    await world.emitter.emit('curfew.session.started', { session: 'late-start' })
    const grace = Date.now() + 4_000
    await until('the grace is over', () => Date.now() > grace)
    await expectAlive(watched)
  })

  it('a shared credential dies with its first holder, and the other is told why', async () => {
    const [first, second] = [await announced(), await announced()]
    const token = await world.issuer.token()
    const watched = await world.handOut(first, token)
    await world.grant(second, token)
    const key = world.key('sessions')
    await until('both holders are known', async () => (await world.redis.scard(key)) >= sessions)
    await world.emitter.emit('curfew.session.ended', { session: first })
    const receipt = await expectDead(world, watched, 'session_ended')
    expect(receipt.grants.map(grant => [grant.session, grant.cause]).sort()).toEqual(
      [
        [first, 'session_ended'],
        [second, `shared:${first}`],
      ].sort(),
    )
  })
})

describe('what cannot be revoked or proven is said, never silently done', () => {
  it('a batch token is impossible from its registration on, with the moment until which it is exposed', async () => {
    const session = await announced()
    const batch = await world.issuer.batchToken({ ttlSeconds: 600 })
    await world.grant(session, batch)
    const watched = world.prober.watch('batch token', batch)
    const receipt = await until('its receipt', () => receiptOf(world, watched))
    expect(receipt).toMatchObject({ outcome: 'impossible', exposedUntil: Date.parse(batch.grant.expiresAt ?? '') })
  })

  it('a handle that never existed is unproven', async () => {
    const session = await announced()
    const token = await world.issuer.token()
    const grant = { ...token.grant, handle: 'hmaTypoOfAnAccessor' }
    const credential = { ...token, grant }
    await world.grant(session, credential)
    const receipt = await until('its receipt', () => receiptOf(world, { name: 'typo', credential, tries: 0 }))
    expect(receipt).toMatchObject({ outcome: 'unproven' })
  })
})
