import { expect, it } from 'vitest'
import { expectDead } from '../support/expect-dead.ts'
import { endSession, expectAllDead, openSessions } from '../support/load.ts'
import { startWorld } from '../support/world.ts'

it('with BullMQ wake-ups switched off the bound holds: the sweep is the guarantee', async () => {
  const world = await startWorld({ overrides: { work: { wakeUps: false } } })
  try {
    const sessions = await openSessions(world, 5)
    const expiresAt = new Date(Date.now() + 2_500).toISOString()
    await world.emitter.emit('curfew.session.started', { session: 'ttl' })
    const final = await world.handOut('ttl', await world.issuer.token(), { expiresAt, renewable: false })
    const soft = await world.handOut('ttl', await world.issuer.token(), { expiresAt, renewable: true })
    for (const one of sessions) await endSession(world, one)
    await expectAllDead(world, sessions)
    await expectDead(world, final, 'expired')
    await expectDead(world, soft, 'expired')
    expect(await world.redis.keys(`${world.config.redis.prefix}-queue:wake:*`)).not.toContain('delayed')
  } finally {
    await world.close()
  }
})
