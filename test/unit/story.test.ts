import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import type { StoryRecord } from '../../services/api/ports.ts'
import { tellStory } from '../../services/api/story/tell-story.ts'
import { apiWorld, grantEntry } from '../support/api-world.ts'
import { cli } from '../support/cli-world.ts'
import { facts, sid } from '../support/facts.ts'

const t0 = 1_700_000_000_000
const placed = (all: Fact[]) =>
  all.map((fact, i) => ({ fact, place: `3@${i}`, appendedAt: fact.at + 5 })) satisfies StoryRecord['facts']
const record = (all: Fact[], change: Partial<StoryRecord> = {}): StoryRecord => ({
  entry: grantEntry({ grant: 'a'.repeat(32), tasks: ['t-1'] }),
  sid: sid('s-1'),
  facts: placed(all),
  complete: true,
  ...change,
})
const life = [
  facts.started('s-1', t0),
  facts.granted('s-1', 'accessor-1', t0 + 1_000, { task: 't-1' }),
  facts.seen('accessor-1', t0 + 1_200),
  facts.active('s-1', t0 + 60_000),
  facts.active('s-1', t0 + 120_000),
]
const whats = (one: ReturnType<typeof tellStory>) => one.story.map(line => line.what)

describe('the story of a grant', () => {
  it('tells a death in order, each line with the record that says so', () => {
    const dead = facts.outcome('accessor-1', t0 + 300_400, {
      dueAt: t0 + 300_000,
      steppedAt: t0 + 300_040,
      deadSince: t0 + 300_060,
      evidence: 'target',
      cause: 'task_finished',
    })
    const receipt = dead.kind === 'outcome' ? dead.receipt : undefined
    const entry = grantEntry({ state: 'settled', receipt, tasks: ['t-1'] })
    const other = facts.taskEnded('s-1', 'another task', t0 + 200_000)
    // Shuffled, and the outcome appended twice.
    const all = [dead, ...life, other, facts.taskEnded('s-1', 't-1', t0 + 300_000), dead]
    const story = tellStory(record(all, { entry }), t0 + 400_000)
    expect(whats(story)).toEqual([
      'session started',
      'registered',
      'seen alive',
      'active',
      'task ended',
      'due',
      'step',
      'refused',
      'verified',
    ])
    expect(story.story.find(one => one.what === 'refused')?.detail).toBe('60 ms after due')
    expect(story.story.find(one => one.what === 'active')?.detail).toContain('in 2 minutes')
    expect(story.story[0]?.source).toMatch(/^facts 3@1, event e\d+ by test$/)
    expect(story.says).toMatch(/^DEAD, proven, 60 ms after it was due\./)
    expect(story.next).toBeUndefined()
  })

  it('of what is blocked says each try with its class, that it lives, and what to type', () => {
    const blocked = { since: t0 + 10_000, code: 'permission', detail: '403 on auth/token/revoke-accessor' }
    const dueAt = t0 + 9_000
    const entry = grantEntry({
      state: 'blocked',
      cause: 'session_ended',
      dueAt,
      blocked,
      attempts: 14,
      expiresAt: t0 + 600_000,
    })
    const note = {
      epoch: 0,
      attempts: 14,
      failures: 14,
      tries: [{ at: t0 + 10_000, step: 'revoke' as const, code: 'permission' as const }],
    }
    const story = tellStory(record([...life], { entry, note }), dueAt + 252_000)
    expect(whats(story)).toEqual(expect.arrayContaining(['due', 'tried', 'blocked']))
    expect(story.story.find(one => one.what === 'tried')?.detail).toBe('the step failed: permission')
    expect(story.says).toBe(
      'ALIVE, 4m12s past due. Blocked, 14 tries so far: the store refuses us. It would expire by itself in 5m39s.',
    )
    expect(story.next).toBe('curfew doctor vault-a')
  })

  it('without Kafka tells what the ledger holds, and that this is not everything', () => {
    const story = tellStory(record([], { complete: false }), t0)
    expect(story).toMatchObject({ complete: false, story: [{ what: 'registered', source: 'the ledger' }] })
  })

  it('the beginning of an id is enough, unless two begin so', async () => {
    const read = {
      story: (_: string[], id: string) => Promise.resolve(id === 'aaaa' ? record(life) : ('ambiguous' as const)),
    }
    const { call } = apiWorld({ read })
    expect((await call('GET', '/v1/grants/aaaa/story', { token: 'local' })).json()).toMatchObject({ complete: true })
    expect((await call('GET', '/v1/grants/bbbb/story', { token: 'local' })).json()).toMatchObject({ code: 'ambiguous' })
    expect((await call('GET', '/v1/grants/aaa/story', { token: 'local' })).statusCode).toBe(400)
  })
})

describe('curfew explain', () => {
  it('is readable in 80 columns, and exit 1 says that it is alive past due', async () => {
    const blocked = { since: t0, code: 'permission', detail: '403 on auth/token/revoke-accessor: '.repeat(4) }
    const entry = grantEntry({ state: 'blocked', cause: 'idle', dueAt: t0, blocked, session: 'run-4411' })
    const json = tellStory(
      record(life, { entry, complete: false, note: { epoch: 0, attempts: 1, failures: 1 } }),
      t0 + 5_000,
    )
    const { out, exitCode } = await cli(['explain', 'AAAA'], { answers: { 'GET /v1/grants/aaaa/story': { json } } })
    expect(exitCode).toBe(1)
    expect(out).toMatch(
      /session run-4411[\s\S]*22:13:20\.000 {2}session started[\s\S]*NOT EVERYTHING[\s\S]*ALIVE, 5s past due/,
    )
    expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
  })

  it('what is no id is a usage error', async () => {
    expect(await cli(['explain', 'run-4411'])).toMatchObject({ exitCode: 64, asked: [] })
  })
})
