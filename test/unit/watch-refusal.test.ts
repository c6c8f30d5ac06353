import { describe, expect, it } from 'vitest'
import type { ProbeResult, StoreUse } from '../../services/pipeline/ports.ts'
import { watchRefusal } from '../../services/pipeline/watch-refusal.ts'

const dead: ProbeResult = { state: 'dead', evidence: 'used' }
const throttled = { code: 'throttled', detail: 'not due yet' } as const

/** Watched with a clock that only `pause` and `slowMs` move. */
const watched = async (
  doorAt: (ms: number) => StoreUse['state'],
  { windowMs = 0, watchMs = 40_000, probeAt = (_ms: number, _patient: boolean): ProbeResult => dead } = {},
) => {
  let ms = 0
  const seen = await watchRefusal({
    probe: patient => Promise.resolve(probeAt(ms, patient)),
    use: async () => {
      const state = doorAt(ms)
      return state === 'unknown' ? { state, problem: throttled } : { state }
    },
    now: () => ms,
    pause: async wait => {
      ms += wait
    },
    steppedAt: 0,
    windowMs,
    watchMs,
  })
  return { ...seen, endedAt: ms }
}

describe('a revoked key is watched', () => {
  it('at a door that accepts again long after a first refusal: the last acceptance is found, whatever window is declared', async () => {
    const flipping = (ms: number) => (ms < 28_000 && ms % 2_000 < 500 ? 'accepted' : 'refused')
    const { acceptedAt, refusedAt, last } = await watched(flipping)
    expect([acceptedAt, refusedAt, last.state]).toEqual([26_250, 26_500, 'dead'])
  })
  it('for its window where that is longer than the watch', async () => {
    const { acceptedAt, endedAt } = await watched(ms => (ms < 50_000 ? 'accepted' : 'refused'), { windowMs: 60_000 })
    expect(acceptedAt).toBe(48_000)
    expect(endedAt).toBeGreaterThan(60_000)
  })
  it('at the door while the product may not be asked: the refusal has the time of the door', async () => {
    const slow = (ms: number): ProbeResult => (ms < 3_000 ? { state: 'unknown', problem: throttled } : dead)
    expect(await watched(() => 'refused', { probeAt: slow })).toMatchObject({ refusedAt: 0, last: dead })
  })
  it('and what could not be asked meanwhile is asked patiently at the end', async () => {
    const never = (_: number, patient: boolean): ProbeResult =>
      patient ? dead : { state: 'unknown', problem: throttled }
    expect(await watched(() => 'refused', { probeAt: never })).toMatchObject({ last: dead })
  })
  it('a door whose refusal nobody else confirms is not a death', async () => {
    const { last } = await watched(() => 'refused', { probeAt: () => ({ state: 'alive', evidence: 'target' }) })
    expect(last.state).toBe('alive')
  })
})
