import { afterEach, expect, it } from 'vitest'
import type { Door, SampleCredential } from '../../infra/sample/issuer.ts'
import { expectDead, receiptOf } from '../support/expect-dead.ts'
import { type Lies, type LyingVault, lyingVault } from '../support/lying-vault.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let vault: LyingVault
afterEach(async () => {
  await world?.close()
  await vault?.close()
})

const withStore = async (lies: Lies, store: Record<string, unknown> = {}, overrides = {}) => {
  vault = await lyingVault(lies)
  world = await startWorld({ store: { address: vault.address, caFile: undefined, targets: [], ...store }, overrides })
  await world.emitter.emit('curfew.session.started', { session: 's' })
}
const credential = (): SampleCredential => {
  const handle = vault.issue()
  const door = (): Door => (vault.opens(handle) ? 'accepted' : 'refused')
  return {
    grant: { kind: 'vault.token', handle, renewable: false },
    values: [],
    use: () => Promise.resolve(door()),
    try: () => Promise.resolve({ seen: door(), call: 'the stand-in', answer: door() }),
  }
}
const seen = () => until('all were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
const end = () => world.emitter.emit('curfew.session.ended', { session: 's' })
const notes = async () => Object.values(await world.redis.hgetall(world.key('notes'))).map(text => JSON.parse(text))

it('a 2xx without effect is never verified, and dies when the store tells the truth again', async () => {
  await withStore({ revoke: 'without-effect' })
  const watched = await world.handOut('s', credential())
  await end()
  await until('it was tried three times', async () => (await notes()).some(note => note.attempts >= 3))
  expect(watched.refusedFirst).toBeUndefined()
  expect(await world.outcomes()).toEqual([])
  vault.lies.revoke = 'honest'
  await expectDead(world, watched, 'session_ended')
})

it('a 202 is not a death: it is verified when the store has done it', async () => {
  await withStore({ revoke: 'queued', queuedMs: 1_500 })
  const watched = await world.handOut('s', credential())
  await end()
  const receipt = await expectDead(world, watched, 'session_ended')
  expect((receipt.deadSince ?? 0) - receipt.dueAt).toBeGreaterThan(1_000)
})

it('refused, then accepted again inside the window: not verified before the end of the window', async () => {
  await withStore({ flicker: { fromMs: 500, toMs: 2_000 } }, { propagationMs: 3_000 })
  const watched = await world.handOut('s', credential())
  await seen()
  await end()
  const receipt = await expectDead(world, watched, 'session_ended')
  expect(receipt.settledAt - (receipt.steppedAt ?? 0), 'after the window').toBeGreaterThanOrEqual(3_000)
})

it('60 revocations at once never reach a lockout, and all die', async () => {
  const lockout = { at: 5, windowMs: 60_000 }
  await withStore(
    { callsPerSecond: 40, lockout, retryAfterSeconds: 1 },
    { budget: { callsPerSecond: 15, burst: 5, inFlight: 8, lockout: { strikes: 5, windowMs: 60_000 } } },
  )
  const all = await Promise.all(Array.from({ length: 60 }, () => world.handOut('s', credential())))
  await end()
  await until('all are refused', () => all.every(one => one.refusedFirst), { withinMs: 90_000 })
  expect(vault.world.lockedOut).toBe(false)
  for (const one of all)
    expect(await until('its receipt', () => receiptOf(world, one), { withinMs: 60_000 })).toMatchObject({
      cause: 'session_ended',
    })
})

it('a store that refuses us is blocked with its reason, listed with its age, and the credential dies after the right is back', async () => {
  await withStore({})
  const watched = await world.handOut('s', credential())
  await seen()
  vault.loseLogins()
  vault.lies.refuseLogin = true
  await end()
  const blocked = await until(
    'it is listed as blocked',
    async () => (await notes()).find(note => note.blocked)?.blocked,
  )
  expect(blocked).toMatchObject({
    code: 'permission',
    since: expect.any(Number),
    detail: expect.stringContaining('login'),
  })
  expect(watched.refusedFirst).toBeUndefined()
  vault.lies.refuseLogin = false
  await expectDead(world, watched, 'session_ended')
})

it('a dead credential that is seen alive again is an incident: paged, and killed in a new epoch (invariant 8)', async () => {
  await withStore({}, {}, { recheckMs: 2_000 })
  const watched = await world.handOut('s', credential())
  await end()
  await expectDead(world, watched, 'session_ended')
  vault.world.tokens.set(watched.credential.grant.handle, {})
  await until('it is accepted again', () => watched.refusedFirst === undefined)
  const second = await until('it died again', () => receiptOf(world, watched, 1))
  expect(second).toMatchObject({ outcome: 'verified', epoch: 1, cause: 'session_ended' })
  expect(second.dueAt).toBeGreaterThan((await receiptOf(world, watched))?.settledAt ?? 0)
  await until('it is refused', () => watched.refusedFirst)
  expect(world.output()).toContain('PAGE relapsed')
})

it('a credential that is announced before it exists is unproven, looked at again, and dies with its session', async () => {
  await withStore({}, {}, { recheckMs: 5_000 })
  const early = credential()
  const { handle } = early.grant
  vault.world.tokens.delete(handle)
  await world.grant('s', early)
  const watched = world.prober.watch('early', early)
  await until('it is unproven', () => world.output().includes('PAGE unproven'), { everyMs: 10 })
  vault.world.tokens.set(handle, {})
  expect(await until('its first receipt', () => receiptOf(world, watched))).toMatchObject({ outcome: 'unproven' })
  await until('it is accepted', () => watched.acceptedFirst)
  await until('it relapsed', () => world.output().includes('PAGE relapsed'))
  await end()
  expect(await until('its second receipt', () => receiptOf(world, watched, 1))).toMatchObject({ outcome: 'verified' })
  await until('it is refused', () => watched.refusedFirst)
})
