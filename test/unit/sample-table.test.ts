import { describe, expect, it } from 'vitest'
import { scenarios } from '../../infra/sample/scenarios.ts'
import type { Holding } from '../../infra/sample/stage.ts'
import { endingOf } from '../../infra/start/ending-of.ts'
import { percentiles } from '../../infra/start/percentiles.ts'
import { problemsOf, reportOf, sentenceOf } from '../../infra/start/report.ts'
import { renderTable, standing } from '../../infra/start/table.ts'
import type { Receipt } from '../../schemas/receipt.ts'

const now = Date.UTC(2026, 0, 2, 12, 0, 0)
const call = 'GET secret/data/sample/door'
type Seen = Partial<Holding['watched']>

const holdingOf = (seen: Seen, dueAt = now - 1_000): Holding => {
  const use = () => Promise.resolve('unknown' as const)
  const attempt = () => Promise.resolve({ seen: 'unknown' as const, call, answer: '' })
  const grant = { kind: 'vault.token' as const, handle: 'h', renewable: false }
  const credential = { grant, values: [], use, try: attempt }
  return {
    name: 'token run-1',
    kind: 'token',
    session: 'run-1',
    store: 'vault-local',
    credential,
    watched: { name: 'token run-1', credential, tries: 1, ...seen },
    expected: { outcome: 'verified', cause: 'task_finished' },
    dueAt,
  }
}
const receiptOf = (extra: Partial<Receipt> = {}): Receipt => ({
  receipt: '0'.repeat(32),
  credential: '0'.repeat(32),
  epoch: 0,
  outcome: 'verified',
  store: 'vault-local',
  kind: 'vault.token',
  handle: 'h',
  cause: 'task_finished',
  dueAt: now - 1_000,
  deadSince: now - 959,
  settledAt: now - 900,
  attempts: 1,
  grants: [],
  ...extra,
})
const refused: Seen = {
  acceptedFirst: now - 5_000,
  acceptedLast: now - 1_100,
  acceptedLastBegunAt: now - 1_110,
  refusedFirst: now - 800,
  refusedLast: now - 500,
  proof: `${call}: 403`,
  last: `${call}: 403`,
}
const open: Seen = { acceptedFirst: now - 5_000, acceptedLast: now - 100, last: `${call}: 200` }
const dead = () => endingOf(holdingOf(refused), receiptOf())
const playOf = (endings: ReturnType<typeof endingOf>[]) => {
  const [scenario] = scenarios
  if (!scenario) throw new Error('there are scenarios')
  return { play: { scenario, session: 'run-1', holdings: [], done: Promise.resolve() }, endings }
}

describe('where a credential stands', () => {
  it.each([
    ['dead: refused to the prober, with the receipt that was expected', refused, receiptOf(), 'dead'],
    ['open: accepted, whatever is due', open, undefined, 'open'],
    ['open: a receipt alone never makes it dead', open, receiptOf(), 'open'],
    ['refused: no receipt yet', refused, undefined, 'refused'],
    ['unexpected: another cause than what happened', refused, receiptOf({ cause: 'expired' }), 'unexpected'],
    [
      'a lie: accepted by a call that began after deadSince',
      { ...refused, acceptedLastBegunAt: now },
      receiptOf(),
      'lie',
    ],
  ] as const)('%s', (_sentence, seen, receipt, state) => {
    expect(endingOf(holdingOf(seen), receipt).state).toBe(state)
  })
})

describe('the table', () => {
  const totals = { dead: 1, impossible: 0, wrong: 0, lagsMs: [41] }
  const input = { endings: [dead()], totals, now, boundMs: 30_000, footer: 'Ctrl-C ends everything' }

  it.each([80, 100])('fits %i columns and shows store, cause, due -> dead and the refused call', columns => {
    const lines = renderTable(input, { columns, rows: 24, colour: false })
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(columns)
    expect(lines.join('\n')).toMatch(/token run-1 +vault-local +task_finished +41 ms +GET secret\/da.*\/?door: 403/)
    expect(lines.join('\n')).not.toContain('\x1b')
  })

  it('never has more lines than the terminal', () => {
    const endings = Array.from({ length: 100 }, dead)
    expect(renderTable({ ...input, endings }, { columns: 80, rows: 24, colour: true })).toHaveLength(24)
  })

  it('says NOT WELL when something outlives its bound, and WELL while it is inside', () => {
    const late = endingOf(holdingOf(open, now - 40_000), undefined)
    const inTime = endingOf(holdingOf(open, now - 200), undefined)
    expect(standing({ ...input, endings: [late] })).toBe('NOT WELL  1 alive past due, oldest 40.0 s')
    expect(standing({ ...input, endings: [inTime] })).toBe('WELL  1 alive past due, oldest 200 ms')
  })
})

describe('the report', () => {
  it('has no problem when every revocable credential was accepted before and is refused after', () => {
    const impossible = {
      ...endingOf(holdingOf(open), receiptOf({ outcome: 'impossible' })),
      state: 'impossible' as const,
    }
    const report = reportOf([playOf([dead(), impossible])])
    expect(report).toMatchObject({ grants: 2, acceptedBefore: 1, refusedAfter: 1, impossible: 1, aliveNow: 0 })
    expect(report.lagMs).toEqual({ p50: 41, p99: 41, max: 41 })
    expect(report.stores['vault-local']).toMatchObject({ grants: 2, refusedAfter: 1 })
    expect(problemsOf(report)).toEqual([])
    expect(sentenceOf(report)).toMatch(
      /^WELL {2}2 grants: 1 accepted before, 1 refused after, 1 impossible, 0 alive now/,
    )
  })

  it('names the scenario and the credential that did not end as expected', () => {
    const problems = problemsOf(reportOf([playOf([dead(), endingOf(holdingOf(open), undefined)])]))
    expect(problems[0]).toBe('"task completed" did not end as task_finished: token run-1 is open (no receipt)')
    expect(problems).toContain('1 still open their door')
  })

  it('does not pass a scenario that issued nothing', () => {
    expect(problemsOf(reportOf([playOf([])]))).toHaveLength(1)
  })

  it('ranks lags by nearest rank', () => {
    expect(percentiles([5, 1, 2, 3, 4])).toEqual({ p50: 3, p99: 5, max: 5 })
    expect(percentiles([])).toBeUndefined()
  })
})
