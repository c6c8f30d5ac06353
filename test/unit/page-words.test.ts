import { describe, expect, it } from 'vitest'
import type { RotationEntry } from '../../schemas/http-secrets.ts'
import type { Status } from '../../schemas/status.ts'
import { messageParser, reconnectMs } from '../../services/dashboard/event-stream.ts'
import { duration } from '../../services/dashboard/format.ts'
import { freshnessOf, serverNow } from '../../services/dashboard/freshness.ts'
import { canaryText, headlineOf } from '../../services/dashboard/headline.ts'
import { scaleAround, sparkline, stacksOf } from '../../services/dashboard/lag-series.ts'
import { commandFor, whyOf } from '../../services/dashboard/next-command.ts'
import { wayOf } from '../../services/dashboard/rotation-way.ts'
import { storyOf } from '../../services/dashboard/story.ts'
import { grantEntry, stateOf, youngCanary } from '../support/api-world.ts'

const lastHour = { died: 0, impossible: 0, unproven: 0, goneBeforeSeen: 0, complete: true }
const statusOf = (change: Partial<Status>): Status => ({
  verdict: 'well',
  reasons: [],
  ...stateOf(),
  canary: youngCanary,
  canaries: [youngCanary],
  lastHour,
  ...change,
})

describe('the sentence', () => {
  const said = (change: Partial<Status>) => {
    const { word, tone, sentence } = headlineOf(statusOf(change))
    return `${tone} ${word}: ${sentence}`
  }
  it.each([
    [{}, 'good WELL: Nothing is alive past due.'],
    [{ alivePastDue: 2 }, 'good WELL: 2 credentials are dying, inside the bound.'],
    [
      { verdict: 'not_well' as const, alivePastDue: 3, oldestPastDueMs: 252_000 },
      'bad NOT WELL: 3 credentials are alive past due, the oldest for 4 min 12 s.',
    ],
    [
      { verdict: 'not_well' as const, alivePastDue: 1, oldestPastDueMs: 61_000 },
      'bad NOT WELL: 1 credential is alive past due, for 1 min 01 s.',
    ],
    [{ verdict: 'not_well' as const }, 'bad NOT WELL: Nothing is alive past due, but something else is wrong.'],
    [
      { verdict: 'not_well' as const, alivePastDue: 2_000, oldestPastDueMs: 60_000, complete: false },
      'bad NOT WELL: More than 2,000 credentials are alive past due, the oldest for 1 min.',
    ],
    [
      { verdict: 'cannot_tell' as const },
      'unknown CANNOT TELL: Nothing is known to be alive past due, and that is not enough to call it well.',
    ],
  ])('%j', (change, expected) => expect(said(change)).toBe(expected))
  it('the canary’s age runs between two readings', () => {
    const at = youngCanary.lastVerifiedAt ?? 0
    expect(canaryText(statusOf({}), at + 75_000)).toBe('canary died 1 min 15 s ago')
    expect(canaryText(statusOf({ canary: { configured: false } }), 0)).toBe('no canary is configured')
  })
})

describe('stale is never shown as now', () => {
  const heard = { receivedAt: 1_000, serverAt: 900_000, readAt: 900_000 }
  it('fresh news is live', () => expect(freshnessOf(heard, 3_000, undefined).live).toBe(true))
  it('silence of six seconds is not, and says how old it is', () =>
    expect(freshnessOf(heard, 1_000 + 14_000, undefined)).toMatchObject({
      live: false,
      text: expect.stringContaining('14 s old'),
    }))
  it('trouble is not, however young the reading is', () =>
    expect(freshnessOf(heard, 1_001, 'Curfew cannot be reached.').live).toBe(false))
  it('an old reading in a new message is old', () =>
    expect(freshnessOf({ ...heard, readAt: 880_000 }, 1_001, undefined)).toMatchObject({ live: false, ageMs: 20_001 }))
  it('nothing heard yet is not live', () => expect(freshnessOf(undefined, 0, undefined).live).toBe(false))
  it('a clock of this machine that is years off changes nothing', () => expect(serverNow(heard, 3_000)).toBe(902_000))
})

describe('server-sent events', () => {
  const parsed = (...chunks: string[]) => {
    const got: string[] = []
    const feed = messageParser(({ event, data, id }) => got.push(`${event}|${id}|${data}`))
    for (const one of chunks) feed(one)
    return got
  }
  it('are the same however they are cut', () => {
    const text = 'retry: 2000\n\n: beat\n\nid: b.1\nevent: change\ndata: {"a":"é"}\n\nevent: trouble\ndata: {}\n\n'
    const whole = parsed(text)
    expect(whole).toEqual(['change|b.1|{"a":"é"}', 'trouble|b.1|{}'])
    expect(parsed(...text)).toEqual(whole)
  })
  it('of which the end is missing are not told', () => expect(parsed('data: half')).toEqual([]))
  it('coming back takes ten seconds and a half at most', () => {
    expect(reconnectMs(1, 0)).toBeLessThan(1_000)
    expect(reconnectMs(99, 1)).toBeLessThanOrEqual(12_500)
  })
})

describe('what can be typed now', () => {
  it('names the store that is blocked, and the grant that is not', () => {
    const grant = 'a'.repeat(32)
    expect(commandFor(grantEntry({ state: 'blocked' }))).toBe('curfew doctor vault-a')
    expect(commandFor(grantEntry({ state: 'due' }))).toBe(`curfew explain ${grant}`)
    expect(commandFor(grantEntry({ state: 'held' }))).toContain(`curfew revoke --grant ${grant}`)
  })
  it('never holds what a sender wrote: it goes into a shell', () => {
    const hostile = { session: '$(rm -rf ~)', handle: '`id`', tasks: ['; reboot'] }
    for (const state of ['live', 'due', 'blocked', 'held', 'settled'] as const)
      expect(commandFor(grantEntry({ ...hostile, state }))).not.toMatch(/[$`;]/)
  })
  it('says why it is not dead', () =>
    expect(
      whyOf(grantEntry({ state: 'blocked', blocked: { since: 1, code: 'forbidden', detail: '403 on sys/leases' } })),
    ).toBe('forbidden: 403 on sys/leases'))
})

describe('the way of a rotation', () => {
  const rotation = (steps: RotationEntry['steps'][number]['step'][], change: Partial<RotationEntry> = {}) => ({
    rotation: crypto.randomUUID(),
    cause: 'scheduled' as const,
    compromised: false,
    requestedAt: 1,
    state: 'running' as const,
    steps: steps.map((step, i) => ({ step, at: i })),
    ...change,
  })
  const now = (entry: RotationEntry, living = 1) => wayOf(entry, living).find(one => one.state === 'now')?.step
  it('stands at the step that is not done yet', () => {
    expect(now(rotation([]))).toBe('issue')
    expect(now(rotation(['issuing']))).toBe('issue')
    expect(now(rotation(['issuing', 'issued', 'staged']))).toBe('test')
    expect(now(rotation(['issued', 'staged', 'tested', 'promoted', 'picked_up']))).toBe('overlap')
    expect(now(rotation(['issued', 'staged', 'tested', 'promoted', 'picked_up']), 0)).toBe('revoke')
  })
  it('is whole when it is done, and broken where it was rolled back', () => {
    expect(wayOf(rotation(['promoted'], { result: 'done' }), 0).every(one => one.state === 'done')).toBe(true)
    expect(wayOf(rotation(['issued'], { result: 'rolled_back' }), 0)[1]).toEqual({ step: 'stage', state: 'failed' })
  })
})

describe('what is drawn', () => {
  it('bars stand on each other', () => {
    const causes = [
      { cause: 'expired' as const, died: 3, series: [1, 2] },
      { cause: 'leaked' as const, died: 4, series: [4, 0] },
    ]
    expect(stacksOf({ causes, buckets: 2 } as never).map(one => one.top)).toEqual([
      [1, 2],
      [5, 2],
    ])
  })
  it('the scale always has room for the bound', () => {
    expect(scaleAround(null, null, 30_000)).toEqual([10, 60_000])
    expect(scaleAround(30, 252_000, 30_000)).toEqual([10, 600_000])
  })
  it('a small line has gaps where nothing died', () =>
    expect(sparkline([1, null, 10, 100]).map(run => run.length)).toEqual([1, 2]))
  it('durations are read as people say them', () =>
    expect([0, 380, 2_100, 38_000, 60_000, 252_000, 3_600_000, 11_100_000].map(duration)).toEqual([
      '0 ms',
      '380 ms',
      '2.1 s',
      '38 s',
      '1 min',
      '4 min 12 s',
      '1 h',
      '3 h 05 min',
    ]))
  it('a grant’s own story is in order and ends with its proof', () => {
    const receipt = {
      dueAt: 30,
      steppedAt: 40,
      deadSince: 50,
      settledAt: 60,
      outcome: 'verified',
      evidence: 'target',
      receipt: 'r',
    }
    const lines = storyOf(
      grantEntry({
        grantedAt: 10,
        seenAliveAt: 20,
        dueAt: 30,
        state: 'settled',
        cause: 'leaked',
        receipt: receipt as never,
      }),
    )
    expect(lines.map(one => one.what)).toEqual([
      'registered',
      'seen alive',
      'due',
      'revoked at the store',
      'first refused',
      'verified',
    ])
  })
})
