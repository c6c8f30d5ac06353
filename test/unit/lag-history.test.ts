import { describe, expect, it } from 'vitest'
import { canaryTenant } from '../../schemas/http.ts'
import { type LagWindow, lag as lagShape } from '../../schemas/http-lag.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { lagAnswer } from '../../services/ledger/lag-answer.ts'
import { lagHistory } from '../../services/ledger/lag-history.ts'
import { addValue, emptyHistogram, histogramError, quantileOf } from '../../services/ledger/log-histogram.ts'
import { random } from '../support/random.ts'

const now = 1_700_000_000_000
const hour = 3_600_000
let receipts = 0
const died = (at: number, lagMs: number, change: Partial<Receipt> = {}): Receipt => {
  receipts += 1
  return {
    receipt: receipts.toString(16).padStart(32, '0'),
    credential: 'c'.repeat(32),
    epoch: 0,
    outcome: 'verified',
    store: 'vault-a',
    kind: 'vault.token',
    handle: 'h',
    cause: 'expired',
    dueAt: at - lagMs,
    steppedAt: at - lagMs / 2,
    deadSince: at,
    settledAt: at + 10,
    attempts: 1,
    grants: [{ tenant: 'acme', session: 's', tasks: [], cause: 'expired' }],
    ...change,
  }
}
const told = (all: Receipt[], window: LagWindow = '1h', tenants = ['acme'], at = now) => {
  const history = lagHistory(() => at)
  for (const one of all) history.add(one)
  return lagAnswer(history, { tenants, window, now: at, boundMs: 30_000, complete: true })
}

describe('quantiles out of logarithmic buckets', () => {
  it('are within the error that is said, at any size from a millisecond to a week', () => {
    const { below } = random(3)
    for (const top of [50, 5_000, 600_000_000]) {
      const values = Array.from({ length: 2_000 }, () => 1 + below(top))
      const histogram = emptyHistogram()
      for (const ms of values) addValue(histogram, ms)
      values.sort((a, b) => a - b)
      for (const share of [0.5, 0.99]) {
        const exact = values[Math.floor(share * values.length)] ?? 0
        const read = quantileOf(histogram, share) ?? 0
        expect(Math.abs(read - exact), `${share} of ${top}`).toBeLessThanOrEqual(exact * histogramError + 0.5)
      }
    }
  })
  it('of nothing are unknown, not zero', () => expect(quantileOf(emptyHistogram(), 0.5)).toBeUndefined())
})

describe('the lag over a window', () => {
  it('has the shape that is published', () => {
    expect(() => lagShape.parse(told([died(now - 5_000, 40)]))).not.toThrow()
  })
  it('is told per store, cause and bucket; where nothing died there is no zero', () => {
    const answer = told([
      died(now - 5_000, 40),
      died(now - 40 * 60_000, 100, { store: 'aws', cause: 'leaked' }),
      died(now - 40 * 60_000, 900, { store: 'aws', cause: 'leaked' }),
    ])
    const [aws, vault] = answer.stores
    expect([aws?.store, aws?.died, aws?.lagMs?.max, vault?.lagMs?.max]).toEqual(['aws', 2, 900, 40])
    expect(vault?.series.p50.filter(one => one !== null)).toEqual([40])
    const at = aws?.series.max.indexOf(900) ?? -1
    expect(answer.from + at * answer.stepMs).toBeLessThanOrEqual(now - 40 * 60_000)
    expect(answer.from + (at + 1) * answer.stepMs).toBeGreaterThan(now - 40 * 60_000)
    expect(answer.causes.map(one => [one.cause, one.died, one.series.reduce((sum, n) => sum + n, 0)])).toEqual([
      ['leaked', 2, 2],
      ['expired', 1, 1],
    ])
  })
  it('the stages add up to lag and proof', () => {
    expect(told([died(now - 5_000, 40)]).stores[0]?.stageMs).toEqual({ dueStep: 20, stepDead: 20, deadVerified: 10 })
  })
  it.each(['15m', '1h', '24h', '7d'] as const)('%s ends now, and holds what died in it', window => {
    const answer = told([died(now - 1_000, 7)], window)
    expect(answer.from + answer.stepMs * answer.buckets).toBeGreaterThan(now)
    expect(answer.stores[0]?.series.max.at(-1) ?? answer.stores[0]?.series.max.at(-2)).toBe(7)
  })
  it('a receipt that is told again counts once, and the lag that a better one brings is added', () => {
    const { deadSince: _, ...unproven } = died(now - 9_000, 30, { outcome: 'unproven' })
    const better = { ...died(now - 9_000, 30), receipt: unproven.receipt }
    const answer = told([unproven, unproven, better, better])
    expect(answer.cells).toMatchObject([{ died: 0, unproven: 1, lagMs: { max: 30 } }])
  })
  it('another tenant sees nothing of it, and a canary is nobody’s death', () => {
    const canary = died(now - 5_000, 5, { grants: [{ tenant: canaryTenant, session: 'c', tasks: [], cause: 'x' }] })
    expect(told([died(now - 5_000, 40), canary], '1h', ['other']).stores).toEqual([])
    expect(told([canary]).stores).toEqual([])
  })
  it('any order of the same facts gives the same answer: a restart reads partitions as they come', () => {
    const all = Array.from({ length: 500 }, (_, i) =>
      died(now - i * 977_000, 10 + ((i * 37) % 900), { store: `s-${i % 3}` }),
    )
    for (const window of ['15m', '1h', '24h', '7d'] as const)
      expect(told(all.toReversed(), window)).toEqual(told(all, window))
  })
  it('what it holds is bounded by slots, however many die and however long it runs', () => {
    let clock = now
    const history = lagHistory(() => clock)
    for (let day = 0; day < 30; day += 1)
      for (let i = 0; i < 2_000; i += 1) {
        clock += 43_200
        history.add(died(clock - 20, 20 + (i % 50)))
      }
    expect(history.slots()).toBeLessThan(362 + 290 + 170)
    const week = lagAnswer(history, { tenants: ['acme'], window: '7d', now: clock, boundMs: 1, complete: true })
    expect(week.stores[0]?.died).toBeGreaterThan(13_000)
    expect(week.stores[0]?.died).toBeLessThanOrEqual(14_000)
  })
  it('a clock that is ahead does not put a death into the future', () => {
    expect(told([died(now + 2 * hour, 40)]).stores[0]?.died).toBe(1)
  })
})
