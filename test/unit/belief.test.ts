import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { firstProbe } from '../../services/pipeline/first-probe.ts'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'
import { until } from '../support/until.ts'

const now = Date.now()
const ended = [facts.started('s', now - 9_000), facts.granted('s', 'h', now - 8_000), facts.ended('s', now - 1_000)]
const alive = (...witnesses: string[]): ProbeResult => ({ state: 'alive', evidence: 'target', witnesses })
const dead = (witness?: string, onlyAfterStep?: string): ProbeResult => ({
  state: 'dead',
  evidence: 'target',
  ...(witness === undefined ? {} : { witnesses: [witness] }),
  onlyAfterStep,
})

describe('the word of a client that was never told "alive"', () => {
  const seenByA = [...ended, facts.seen('h', now - 7_000, 'client a')]
  it('proves nothing where another client saw it alive', async () => {
    const { parts, outcomes, notes } = fakeWork(seenByA, { probes: [dead('client b')] })
    expect(await revoke(parts, cid('h'), 'kill')).toMatchObject({ state: 'again' })
    expect(outcomes()).toEqual([])
    expect(notes.get(cid('h'))?.blocked).toMatchObject({
      code: 'protocol',
      detail: expect.stringContaining('client b'),
    })
  })

  it('proves it where that client saw it alive', async () => {
    const { parts, outcomes } = fakeWork(seenByA, { probes: [dead('client a')] })
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('proves it from the moment on at which it is told "alive" itself', async () => {
    const { parts, outcomes, appended } = fakeWork(seenByA, { probes: [alive('client b'), dead('client b')] })
    await revoke(parts, cid('h'), 'kill')
    expect(appended).toContainEqual(expect.objectContaining({ kind: 'seen', witness: 'client b' }))
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('about what nobody ever saw alive is unproven', async () => {
    const { parts, outcomes } = fakeWork(ended, { probes: [dead('client b')] })
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'unproven' }])
  })
})

describe('a store that does not answer, and a credential that was never seen alive', () => {
  const away: ProbeResult = { state: 'unknown', problem: { code: 'unreachable', detail: 'cannot connect' } }
  it('is looked at again before the step, so that its death can be proven', async () => {
    const { parts, outcomes, steps } = fakeWork(ended, { probes: [away, alive(), dead()] })
    expect(await revoke(parts, cid('h'), 'kill')).toMatchObject({ state: 'again' })
    expect(steps()).toBe(0)
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('is stepped on all the same when a part of the bound has passed', async () => {
    const { parts, steps } = fakeWork(ended, { probes: [away] })
    await revoke(parts, cid('h'), 'kill')
    const later = { ...parts, now: () => Date.now() + parts.boundMs / 3 }
    await revoke(later, cid('h'), 'kill')
    expect(steps(), 'a worker that was killed between has not looked: three tries at least').toBe(0)
    await revoke(later, cid('h'), 'kill')
    expect(steps()).toBe(1)
  })
})

describe('a step that was only queued', () => {
  it('is repeated at the next attempt, inside the window too, and pages nobody', async () => {
    const probes = [alive(), alive(), alive(), dead()]
    const work = fakeWork(ended, { probes, steps: [{ state: 'queued' }, { state: 'claimed' }], propagationMs: 60_000 })
    const told: string[] = []
    const parts = { ...work.parts, observe: ({ event }: { event: string }) => void told.push(event) }
    await revoke(parts, cid('h'), 'kill')
    await revoke(parts, cid('h'), 'kill')
    expect(work.steps()).toBe(2)
    expect(told).not.toContain('window_too_small')
    await revoke(parts, cid('h'), 'kill')
    expect(work.steps(), 'claimed now: its window is waited for').toBe(2)
    expect(work.outcomes()).toEqual([])
  })
})

describe('a look that serves many', () => {
  const seen = [...ended, facts.seen('h', now - 7_000)]
  const late = { code: 'throttled', detail: 'not due yet', retryAfterMs: 60_000 } as const
  const putOff: ProbeResult = { state: 'unknown', problem: { ...late, putOff: true } }

  it('put off, it does not hold back the step on what was seen alive; its proof is waited for', async () => {
    const { parts, outcomes, steps } = fakeWork(seen, { probes: [putOff, putOff, putOff, dead()] })
    expect(await revoke(parts, cid('h'), 'kill')).toMatchObject({ state: 'again' })
    expect([steps(), outcomes()]).toEqual([1, []])
    await revoke(parts, cid('h'), 'kill')
    expect(steps(), 'one step').toBe(1)
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('put off, it holds back the step on what was never seen alive for a part of the bound only', async () => {
    const { parts, steps } = fakeWork(ended, { probes: [putOff] })
    await revoke(parts, cid('h'), 'kill')
    expect(steps()).toBe(0)
    const later = { ...parts, now: () => Date.now() + parts.boundMs / 3 }
    await revoke(later, cid('h'), 'kill')
    expect(steps(), 'three tries at least').toBe(0)
    await revoke(later, cid('h'), 'kill')
    expect(steps()).toBe(1)
  })

  it('put off, it holds back that step as well where the end came while nobody worked', async () => {
    const { parts, steps } = fakeWork(ended, { probes: [putOff, alive(), dead()] })
    const later = { ...parts, now: () => Date.now() + parts.boundMs / 2 }
    await revoke(later, cid('h'), 'kill')
    expect(steps(), 'looked at first').toBe(0)
    await revoke(later, cid('h'), 'kill')
    expect(steps()).toBe(1)
  })

  it('put off, it does not hold back the step when most of the bound is over, and never asks for a later moment', async () => {
    const { parts, steps } = fakeWork(ended, { probes: [putOff] })
    const half = { ...parts, now: () => Date.now() + parts.boundMs / 2 }
    const settled = await revoke(half, cid('h'), 'kill')
    expect(settled.state === 'again' && settled.at - half.now()).toBeLessThanOrEqual(0.3 * parts.boundMs)
    const late = { ...parts, now: () => Date.now() + 0.9 * parts.boundMs }
    await revoke(late, cid('h'), 'kill')
    expect(steps()).toBe(1)
  })

  it('a store that throttles us is waited for', async () => {
    const { parts, steps } = fakeWork(seen, { probes: [{ state: 'unknown', problem: late }] })
    await revoke(parts, cid('h'), 'kill')
    expect(steps()).toBe(0)
  })

  it('from before the moment it was due is not asked for: it may have seen a disorder of that moment', async () => {
    const { parts, asked } = fakeWork(seen, { probes: [alive(), dead()] })
    await revoke(parts, cid('h'), 'kill')
    expect(asked[0]?.notBefore).toBeGreaterThanOrEqual(now - 1_000)
    expect(asked[1]?.notBefore).toBeGreaterThanOrEqual(now)
  })

  it('that was asked for inside the window proves nothing, however late its answer comes', async () => {
    const asked = { ...dead(), began: 0 } as ProbeResult
    const { parts, outcomes } = fakeWork(seen, { probes: [alive(), asked, asked, dead()], propagationMs: 30 })
    await revoke(parts, cid('h'), 'kill')
    await until('the window has passed', () => Date.now() > now + 200)
    expect(await revoke(parts, cid('h'), 'kill')).toMatchObject({ state: 'again' })
    expect(outcomes()).toEqual([])
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })
})

describe('a death that our step did not cause', () => {
  const reason = 'a successor may live'
  const seen = [...ended, facts.seen('h', now - 7_000)]
  it('proves nothing where a successor may live', async () => {
    const { parts, outcomes } = fakeWork(seen, { probes: [dead(undefined, reason)] })
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'impossible', reason }])
  })

  it('proves it after our step', async () => {
    const { parts, outcomes, steps } = fakeWork(seen, { probes: [alive(), dead(undefined, reason)] })
    await revoke(parts, cid('h'), 'kill')
    expect(steps()).toBe(1)
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('proves nothing after a step that found nobody to answer whether it lives', async () => {
    const away: ProbeResult = { state: 'unknown', problem: { code: 'backend', detail: 'HTTP 500' } }
    const { parts, outcomes, steps } = fakeWork(seen, { probes: [away, dead(undefined, reason)] })
    await revoke(parts, cid('h'), 'kill')
    expect(steps()).toBe(1)
    expect(outcomes()).toMatchObject([{ outcome: 'impossible', reason }])
  })

  it('proves nothing after a step that it survived', async () => {
    const { parts, outcomes, steps } = fakeWork(seen, { probes: [alive(), alive(), dead(undefined, reason)] })
    await revoke(parts, cid('h'), 'kill')
    await revoke(parts, cid('h'), 'kill')
    expect(steps()).toBe(1)
    expect(outcomes()).toMatchObject([{ outcome: 'impossible', reason }])
  })

  it('proves nothing where it was still accepted after our step, be it inside the window: it may have rotated since', async () => {
    const probes = [alive(), alive(), dead(undefined, reason)]
    const { parts, outcomes } = fakeWork(seen, { probes, propagationMs: 50 })
    await revoke(parts, cid('h'), 'kill')
    await until('it is settled', async () => (await revoke(parts, cid('h'), 'kill')).state === 'over')
    expect(outcomes()).toMatchObject([{ outcome: 'impossible', reason }])
  })

  it('is explained by the successor that replaces it', async () => {
    const successor = facts.granted('s', 'h2', now - 5_000, { replaces: cid('h') })
    const { parts, outcomes } = fakeWork([...seen, successor], { probes: [dead(undefined, reason)] })
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })
})

describe('a store that asks for a long pause', () => {
  it('is asked about this credential again within a part of the bound: its budget keeps the pause', async () => {
    const problem = { code: 'unreachable', detail: 'HTTP 503', retryAfterMs: 3_600_000 } as const
    const { parts } = fakeWork(ended, { probes: [alive()], steps: [{ state: 'failed', problem }] })
    const settled = await revoke(parts, cid('h'), 'kill')
    expect(settled.state === 'again' && settled.at - Date.now()).toBeLessThanOrEqual(parts.boundMs / 3)
  })
})

describe('what was announced before it exists', () => {
  const life = { maxLifeMs: 3_600_000 }
  const announced = [facts.started('s', now - 2_000, life), facts.granted('s', 'h', now - 1_000)]
  it('is unproven, looked at again soon and ever more rarely, and a relapse when it appears', async () => {
    const { parts, outcomes, appended } = fakeWork(announced, { probes: [dead(), dead(), alive()] })
    await firstProbe(parts, cid('h'))
    const [receipt] = outcomes()
    expect(receipt).toMatchObject({ outcome: 'unproven' })
    expect(receipt?.recheckAt).toBe((receipt?.settledAt ?? 0) + 5_000)
    expect(await firstProbe(parts, cid('h'))).toMatchObject({ state: 'again' })
    expect(await firstProbe(parts, cid('h'))).toEqual({ state: 'over' })
    expect(appended.at(-1)).toMatchObject({ kind: 'relapsed', epoch: 1 })
  })

  it('is not looked at beyond its life', async () => {
    const short = [announced[0], facts.granted('s', 'h', now - 1_000, { expiresAt: now + 40, renewable: false })]
    const { parts } = fakeWork(short as Fact[], { probes: [dead()] })
    await firstProbe(parts, cid('h'))
    await until('its life is over', () => Date.now() > now + 40)
    expect(await firstProbe(parts, cid('h'))).toEqual({ state: 'over' })
  })
})

describe('what can never be ended', () => {
  const impossible = { state: 'impossible', reason: 'a self-contained JWT', exposedUntil: now + 60_000 } as const
  const said = { outcome: 'impossible', reason: impossible.reason, exposedUntil: impossible.exposedUntil }
  it('is said at its first probe', async () => {
    const { parts, outcomes } = fakeWork(ended.slice(0, 2), { probes: [impossible] })
    expect(await firstProbe(parts, cid('h'))).toEqual({ state: 'over' })
    expect(outcomes()).toMatchObject([{ ...said, cause: 'first_probe' }])
  })

  it('is said when the step finds it', async () => {
    const { parts, outcomes } = fakeWork(ended, { probes: [alive()], steps: [impossible] })
    await revoke(parts, cid('h'), 'kill')
    expect(outcomes()).toMatchObject([{ ...said, cause: 'session_ended' }])
  })
})

describe('sealed values', () => {
  const settled = [...ended, facts.seen('h', now - 7_000), facts.sealed('h', now - 8_000, 'k1-a')]
  it('are there for the step, the proof and the second look, and shredded after it', async () => {
    const { parts, asked, appended } = fakeWork(settled, { probes: [alive(), dead()] })
    await revoke(parts, cid('h'), 'kill')
    expect(asked.map(one => one.sealed)).toEqual([['blob of k1-a'], ['blob of k1-a']])
    expect(appended.filter(fact => fact.kind === 'shred')).toEqual([])
    await firstProbe(parts, cid('h'))
    expect(asked).toHaveLength(3)
    expect(appended.at(-1)).toEqual({ kind: 'shred', cid: cid('h'), id: 'k1-a' })
  })

  it('stay while the second look is not answered, and while it finds the credential alive', async () => {
    const unknown = { state: 'unknown', problem: { code: 'timeout', detail: 'no answer in time' } } as const
    const { parts, appended } = fakeWork(settled, { probes: [alive(), dead(), unknown, alive()] })
    await revoke(parts, cid('h'), 'kill')
    expect(await firstProbe(parts, cid('h'))).toMatchObject({ state: 'again' })
    await firstProbe(parts, cid('h'))
    expect(appended.filter(fact => fact.kind === 'shred')).toEqual([])
    expect(appended.at(-1)).toMatchObject({ kind: 'relapsed', epoch: 1 })
  })
})
