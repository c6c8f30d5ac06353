import { expect, it } from 'vitest'
import { firstProbe } from '../../services/pipeline/first-probe.ts'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'

const now = Date.now()
const alive: ProbeResult = { state: 'alive', evidence: 'target' }
const gone: ProbeResult = { state: 'dead', evidence: 'target' }

it('a version that its issuer does not show yet is not settled: it is looked at again, and dies when it is replaced', async () => {
  const work = fakeWork([facts.held('new', now - 100)], { probes: [gone, alive, alive, gone] })
  expect(await firstProbe(work.parts, cid('new'))).toMatchObject({ state: 'again' })
  expect(work.outcomes()).toEqual([])
  await firstProbe(work.parts, cid('new'))
  await work.parts.facts.append([facts.superseded('new', now)])
  await revoke(work.parts, cid('new'), 'kill')
  expect(work.outcomes()).toMatchObject([{ outcome: 'verified', cause: 'rotated' }])
})

it('one that was replaced before anybody saw it is settled, and looked at again', async () => {
  const work = fakeWork([facts.held('new', now - 100), facts.superseded('new', now - 50)], { probes: [gone] })
  await firstProbe(work.parts, cid('new'))
  expect(work.outcomes()).toMatchObject([{ outcome: 'unproven', recheckAt: expect.any(Number) }])
})
