import { expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'

const now = Date.now()
const alive: ProbeResult = { state: 'alive', evidence: 'target' }
const gone: ProbeResult = { state: 'dead', evidence: 'target' }
const secret = (inside?: string): Fact[] => [
  facts.started('s', now - 9_000),
  facts.granted('s', 'secret', now - 8_000, inside === undefined ? {} : { inside: cid(inside) }),
  facts.granted('s', 'inner', now - 8_000),
  facts.seen('secret', now - 7_000),
  facts.seen('inner', now - 7_000),
]
const retire = async (known: Fact[]) => {
  const work = fakeWork(known, { role: 'keeper', probes: [alive, gone] })
  const settled = await revoke(work.parts, cid('secret'), 'kill')
  return { ...work, settled }
}
const ended = facts.ended('s', now - 1_000)

it('a secret that is gone is verified when what it held has its own verified receipt, with that evidence', async () => {
  const inner = facts.outcome('inner', now, { outcome: 'verified', evidence: 'used', deadSince: now + 5_000 })
  const { outcomes, steps } = await retire([...secret('inner'), ended, inner])
  expect(steps()).toBe(1)
  expect(outcomes()).toMatchObject([{ outcome: 'verified', evidence: 'used', deadSince: now + 5_000 }])
})

it('a secret that is gone is not verified while what it held has no receipt', async () => {
  const { outcomes, settled, appended } = await retire([...secret('inner'), ended])
  expect(settled).toMatchObject({ state: 'again' })
  expect(outcomes()).toEqual([])
  expect(
    appended.filter(fact => fact.kind === 'forced'),
    'it is due by itself',
  ).toEqual([])
})

it('a force of the secret alone takes along what it holds', async () => {
  const { outcomes, appended } = await retire([...secret('inner'), facts.forced('secret', now - 1_000)])
  expect(outcomes()).toEqual([])
  expect(appended).toContainEqual(expect.objectContaining({ kind: 'forced', cid: cid('inner') }))
})

it.each(['impossible', 'unproven'] as const)('what it held is %s: so is its end, with the reason', async outcome => {
  const { outcomes } = await retire([...secret('inner'), ended, facts.outcome('inner', now, { outcome })])
  expect(outcomes()).toMatchObject([
    { outcome: 'impossible', reason: expect.stringContaining(`what it held is ${outcome}`) },
  ])
})

it('without a known issuer it may be honoured elsewhere, and is unreadable since its retirement', async () => {
  const { outcomes } = await retire([...secret(), ended])
  expect(outcomes()).toMatchObject([
    { outcome: 'impossible', reason: expect.stringMatching(/^may be honoured elsewhere, unreadable since \d{4}-/) },
  ])
})
