import { expect, it } from 'vitest'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts, fingerprint, sid } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'

const now = Date.now()
const probes: ProbeResult[] = [
  { state: 'alive', evidence: 'used' },
  { state: 'dead', evidence: 'used' },
]
const known = [
  facts.started('s', now - 9_000),
  facts.granted('s', 'leaky', now - 8_000, { fingerprints: [fingerprint('x')] }),
  facts.granted('s', 'other', now - 8_000),
  facts.seen('leaky', now - 7_000),
]
const ends = async (withValue: boolean, endOnLeak: boolean) => {
  const work = fakeWork([...known, facts.leaked(fingerprint('x'), now - 100, withValue)], { probes })
  await revoke({ ...work.parts, endOnLeak }, cid('leaky'), 'leak')
  expect(work.outcomes()).toMatchObject([{ cause: 'leaked', outcome: 'verified' }])
  return work.appended.filter(fact => fact.kind === 'session.ended')
}

it('by policy a leak of one credential ends the sessions that hold it', async () => {
  expect(await ends(true, true)).toMatchObject([{ sid: sid('s'), reason: 'a credential of it leaked' }])
})

it('a leak that is only told as a fingerprint ends them under the cap', async () => {
  expect(await ends(false, true)).toMatchObject([{ sid: sid('s'), inferred: true }])
})

it('without the policy it ends nothing but the credential', async () => {
  expect(await ends(true, false)).toEqual([])
})
