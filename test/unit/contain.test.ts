import { expect, it, vi } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { firstProbe } from '../../services/pipeline/first-probe.ts'
import type { Containment, Store } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts, hour } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'

const now = Date.now()
const expiresAt = now + hour
const how = 'a policy; read back'
const contained: Containment = { state: 'contained', at: now, how, exposedUntil: expiresAt }
const held = (until = expiresAt): Fact[] => [
  facts.started('s', now - 9_000),
  facts.granted('s', 'one', now - 8_000, { expiresAt: until, renewable: false }),
]
const ended = facts.ended('s', now - 1_000)
const working = (known: Fact[], contain: NonNullable<Store['contain']>) => {
  const work = fakeWork(known, { probes: [{ state: 'impossible', reason: 'never asked' }] })
  const store = work.parts.stores.get('vault-local')
  if (!store) throw new Error('no store')
  store.contain = vi.fn(contain)
  store.release = vi.fn(() => Promise.resolve({}))
  return { ...work, store }
}

it('what cannot be revoked is contained at its end: impossible, exposed until it expires, and never verified', async () => {
  const work = working([...held(), ended], () => Promise.resolve(contained))
  expect(await revoke(work.parts, cid('one'), 'kill')).toEqual({ state: 'over' })
  expect(work.outcomes()).toMatchObject([
    { outcome: 'impossible', exposedUntil: expiresAt, contained: { at: now, how }, cause: 'session_ended' },
  ])
  expect(work.outcomes()[0]).not.toHaveProperty('deadSince')
  expect(work.store.contain).toHaveBeenCalledWith(
    expect.anything(),
    { expiresAt, compromised: false, known: false },
    'kill',
  )
  expect(work.steps()).toBe(0)
})

it('while its session lives nothing is contained, and it is not settled at its registration', async () => {
  const work = working(held(), () => Promise.resolve(contained))
  expect(await firstProbe(work.parts, cid('one'))).toMatchObject({ state: 'again' })
  expect(await revoke(work.parts, cid('one'), 'kill')).toMatchObject({ state: 'again' })
  expect(work.store.contain).not.toHaveBeenCalled()
  expect(work.outcomes()).toEqual([])
})

it('what cannot be contained now is blocked with its reason, and tried again until it has expired', async () => {
  const problem = { code: 'backend', detail: 'role agent: its inline policies are full' } as const
  const work = working([...held(), ended], () => Promise.resolve({ state: 'failed', problem }))
  expect(await revoke(work.parts, cid('one'), 'kill')).toMatchObject({ state: 'again' })
  expect(work.outcomes()).toEqual([])
  expect(work.notes.get(cid('one'))?.blocked).toMatchObject({ detail: problem.detail })
  work.parts.now = () => expiresAt + 1
  expect(await revoke(work.parts, cid('one'), 'kill')).toEqual({ state: 'over' })
  expect(work.outcomes()).toMatchObject([{ outcome: 'impossible', exposedUntil: expiresAt }])
  expect(work.outcomes()[0]?.reason).toContain('not contained: role agent')
  expect(work.outcomes()[0]).not.toHaveProperty('contained')
})

it('a containment is looked at until the credential has expired, and then taken away, however often that fails', async () => {
  const told: unknown[] = []
  const work = working([...held(), ended], (_, { known }) => Promise.resolve({ ...contained, again: known }))
  work.parts.observe = event => told.push(event)
  await revoke(work.parts, cid('one'), 'kill')
  expect(work.outcomes()[0]?.recheckAt).toBeGreaterThan(now)
  expect(await firstProbe(work.parts, cid('one'))).toMatchObject({ state: 'again' })
  expect(work.store.contain).toHaveBeenCalledTimes(2)
  expect(told).toContainEqual(
    expect.objectContaining({ problem: { code: 'backend', detail: expect.stringContaining('taken away') } }),
  )
  expect(work.store.release).not.toHaveBeenCalled()
  work.parts.now = () => expiresAt + 59_000
  expect(await firstProbe(work.parts, cid('one'))).toEqual({ state: 'again', at: expiresAt + 60_000 })
  work.parts.now = () => expiresAt + 60_000
  work.store.release = () => Promise.resolve({ problem: { code: 'unreachable', detail: 'cannot connect' } })
  expect(await firstProbe(work.parts, cid('one'))).toMatchObject({ state: 'again' })
  work.store.release = vi.fn(() => Promise.resolve({}))
  expect(await firstProbe(work.parts, cid('one'))).toEqual({ state: 'over' })
  expect(work.store.release).toHaveBeenCalledTimes(1)
})
