import { describe, expect, it } from 'vitest'
import type { CanaryStatus } from '../../schemas/status.ts'
import { counters, histograms } from '../../services/runtime/counters.ts'
import { observeCalls, resultClass } from '../../services/runtime/observe-calls.ts'
import { observeFolded } from '../../services/runtime/observe-stages.ts'
import { youngCanary } from '../support/api-world.ts'
import { countingRedis, receiptOf, shownMetrics } from '../support/metrics-world.ts'
import { promtool, withoutPrometheus } from '../support/prometheus.ts'

const value = (text: string, series: string) => {
  const line = text.split('\n').find(one => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

describe('metrics of several processes through one scrape', () => {
  it('a histogram is the sum of what every process saw, cumulative, with its sum and count', async () => {
    const { redis } = countingRedis()
    const [one, other] = [histograms(redis, 'w'), histograms(redis, 'w')]
    const labels = { store: 'vault-a', operation: 'revoke' }
    one.observe('curfew_store_call_seconds', labels, 0.004)
    one.observe('curfew_store_call_seconds', labels, 0.3)
    other.observe('curfew_store_call_seconds', labels, 7_200)
    await Promise.all([one.flush(), other.flush()])
    const { text } = await shownMetrics(redis).render()
    const at = (le: string) =>
      value(text, `curfew_store_call_seconds_bucket{store="vault-a",operation="revoke",le="${le}"}`)
    expect([at('0.005'), at('0.25'), at('0.5'), at('3600'), at('+Inf')]).toEqual([1, 1, 2, 2, 3])
    expect(value(text, 'curfew_store_call_seconds_count{store="vault-a",operation="revoke"}')).toBe(3)
    expect(value(text, 'curfew_store_call_seconds_sum{store="vault-a",operation="revoke"}')).toBeCloseTo(7_200.304, 6)
  })

  it('a process that starts again goes on where the count was', async () => {
    const { redis } = countingRedis()
    for (const _start of [1, 2]) {
      const counted = counters(redis, 'w')
      counted.add('curfew_events_total', { topic: 'task-lifecycle' })
      await counted.flush()
    }
    const { text } = await shownMetrics(redis).render()
    expect(value(text, 'curfew_events_total{topic="task-lifecycle"}')).toBe(2)
  })

  it('what Redis did not take is counted when it is back', async () => {
    const { redis, state } = countingRedis()
    const counted = counters(redis, 'w')
    counted.add('curfew_events_total', { topic: 't' }, 3)
    state.away = true
    await counted.flush()
    state.away = false
    counted.add('curfew_events_total', { topic: 't' })
    await counted.flush()
    expect(value((await shownMetrics(redis).render()).text, 'curfew_events_total{topic="t"}')).toBe(4)
  })

  it('outcomes are not shown while their history is read: half of it would be a counter reset', async () => {
    const shown = shownMetrics(countingRedis().redis)
    shown.observe(receiptOf())
    const before = (await shown.render()).text
    expect(before).not.toContain('curfew_lag_seconds')
    expect(value(before, 'curfew_outcomes_read')).toBe(0)
    shown.markRead()
    const after = (await shown.render()).text
    expect(value(after, 'curfew_lag_seconds_count{store="vault-a",cause="session_ended"}')).toBe(1)
    expect(value(after, 'curfew_lag_seconds_sum{store="vault-a",cause="session_ended"}')).toBe(0.06)
    expect(value(after, 'curfew_stage_seconds_sum{store="vault-a",stage="step-dead"}')).toBe(0.04)
  })

  it('while Redis is away it says so, and shows no number of the state', async () => {
    const { redis, state } = countingRedis()
    state.away = true
    const { text } = await shownMetrics(redis).render()
    expect(value(text, 'curfew_state_readable')).toBe(0)
    expect(text).not.toContain('curfew_alive_past_due')
    expect(text).not.toContain('curfew_dead_letters_total')
  })

  it('what an alert counts stands at zero before it happens first, or the first one would be missed', async () => {
    const shown = shownMetrics(countingRedis().redis)
    shown.markRead()
    const { text } = await shown.render()
    for (const series of [
      'curfew_dead_letters_total{topic="credential-grants",reason="internal"}',
      'curfew_outcomes_total{store="vault-a",cause="expired",outcome="unproven"}',
      'curfew_relapsed_total{store="vault-a"}',
      'curfew_overkill_total',
      'curfew_lag_seconds_count{store="vault-a",cause="leaked"}',
    ])
      expect([series, value(text, series)]).toEqual([series, 0])
  })

  it('each canary has its age and period; one that was never seen to die is infinitely old', async () => {
    const { redis } = countingRedis()
    const never: CanaryStatus = { configured: true, store: 'vault-a', kind: 'vault.lease', everyMs: 30_000 }
    const { text } = await shownMetrics(redis, {}, [youngCanary, never]).render()
    expect(value(text, 'curfew_canary_age_seconds{store="vault-a",kind="vault.token"}')).toBe(12)
    expect(value(text, 'curfew_canary_period_seconds{store="vault-a",kind="vault.token"}')).toBe(60)
    expect(text).toContain('curfew_canary_age_seconds{store="vault-a",kind="vault.lease"} +Inf\n')
    expect(value(text, 'curfew_canary_period_seconds{store="vault-a",kind="vault.lease"}')).toBe(30)
  })
})

describe('what is counted', () => {
  it('the result of a store call is a bounded class, never a text of the store', () => {
    const seen = ['200', '204', '403', '404', '429', '400', '503', 'timeout', 'budget', 'Hello World', '999']
    expect(seen.map(resultClass)).toEqual([
      ...['ok', 'ok', 'denied', 'absent', 'throttled', 'rejected', 'failed', 'timeout', 'budget', 'other', 'other'],
    ])
  })

  it('a call that the budget did not let out has no duration', () => {
    const observed: unknown[] = []
    const calls = observeCalls({ add: () => undefined }, { observe: (...seen) => observed.push(seen) })
    calls('vault-a', 'revoke', 'budget', 0)
    calls('vault-a', 'revoke', '204', 12)
    expect(observed).toEqual([['curfew_store_call_seconds', { store: 'vault-a', operation: 'revoke' }, 0.012]])
  })

  it('a rebuild reads history: it is no delay of today', () => {
    const observed: number[] = []
    const parts = {
      counters: { add: () => undefined },
      histograms: { observe: (_n: string, _l: object, s: number) => observed.push(s) },
    }
    const ended = {
      v: 1,
      kind: 'session.ended',
      at: 1_000,
      event: 'e',
      by: 'x',
      sid: 'a',
      cause: 'session_ended',
    } as const
    const fold = observeFolded(parts, () => 1_250)
    fold(0, [ended], true)
    fold(0, [ended], false)
    expect(observed).toEqual([0.25])
  })
})

describe.skipIf(withoutPrometheus)(withoutPrometheus ?? 'promtool', () => {
  it('promtool finds nothing to say about the metrics', async () => {
    const { redis } = countingRedis()
    observeCalls(counters(redis, 'w'), histograms(redis, 'w'))('vault-a', 'revoke', '204', 3)
    const counted = histograms(redis, 'w')
    counted.observe('curfew_rotation_seconds', { keeper: 'kv' }, 3)
    counted.observe('curfew_stage_seconds', { stage: 'occurred-received' }, 3)
    await counted.flush()
    const shown = shownMetrics(redis, { gap: [{}], stores: [{ ...stateWithBlocked }] })
    shown.observe(receiptOf())
    shown.markRead()
    const { text } = await shown.render()
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, output: '' })
  })
})

const stateWithBlocked = {
  store: 'vault-a',
  alivePastDue: 2,
  overBound: 1,
  oldestPastDueMs: 90_000,
  blockedByCode: { permission: 2 },
  held: 0,
  outstanding: 3,
}
