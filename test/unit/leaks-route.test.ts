import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { FingerprintsUnavailable, NotNow, RejectedEvent } from '../../services/pipeline/errors.ts'
import { apiWorld } from '../support/api-world.ts'

const sealed = ['a.b.c.d.e']
const findings = [
  { id: 'one', sealed },
  { id: 'two', sealed },
]
const leaked = (id: string): Fact => ({
  v: 1,
  at: 1,
  event: id,
  by: 'local',
  kind: 'leaked',
  fingerprint: `p1:${'0'.repeat(64)}`,
  withValue: true,
})
const world = (change: Parameters<typeof apiWorld>[0] = {}) =>
  apiWorld({
    ...change,
    read: {
      leakMatches: ({ fingerprints }) => Promise.resolve({ alive: fingerprints[0] === 'one' ? 2 : 0, dead: 0 }),
      ...change.read,
    },
    parts: {
      understandLeak: ({ id }) => Promise.resolve({ fingerprints: [id], facts: [leaked(id)] }),
      ...change.parts,
    },
  })
const post = (one: ReturnType<typeof world>, body: object, token = 'local') =>
  one.call('POST', '/v1/leaks', { token, body })
const away = () => Promise.reject(new Error('Redis is away'))
const matched = [
  { id: 'one', matched: { alive: 2, dead: 0 } },
  { id: 'two', matched: { alive: 0, dead: 0 } },
]

describe('POST /v1/leaks', () => {
  it('records each finding and says how many known grants have it', async () => {
    const one = world()
    const answer = await post(one, { findings })
    expect([answer.statusCode, answer.json()]).toEqual([202, { facts: 2, findings: matched }])
    expect(one.appended.length).toBe(2)
  })
  it('a dry run only asks', async () => {
    const one = world()
    const answer = await post(one, { findings, dryRun: true })
    expect([answer.statusCode, answer.json(), one.appended]).toEqual([200, { facts: 0, findings: matched }, []])
  })
  it('a leak is recorded also while the state cannot be read; a dry run cannot tell', async () => {
    const one = world({ read: { leakMatches: away } })
    const answer = await post(one, { findings })
    expect([answer.statusCode, answer.json()]).toEqual([202, { facts: 2, findings: [{ id: 'one' }, { id: 'two' }] }])
    const dry = await post(one, { findings, dryRun: true })
    expect([dry.statusCode, dry.json().code, one.appended.length]).toEqual([503, 'state_unavailable', 2])
  })
  it.each([
    ['503 where a hash cannot be had now', new NotNow('x'), 503],
    ['400 for what does not open', new RejectedEvent('cannot_open', 'x'), 400],
    ['403 for who may not', new RejectedEvent('not_allowed', 'x'), 403],
  ])('%s, and nothing is recorded', async (_what, error, status) => {
    const one = world({
      parts: {
        understandLeak: ({ id }) =>
          id === 'two' ? Promise.reject(error) : Promise.resolve({ fingerprints: [], facts: [leaked(id)] }),
      },
    })
    expect([(await post(one, { findings })).statusCode, one.appended]).toEqual([status, []])
  })
  it('what is known acts, and 503 while a store that must be asked is away', async () => {
    const again = new FingerprintsUnavailable(['vault-a'], [])
    const one = world({
      parts: { understandLeak: ({ id }) => Promise.resolve({ fingerprints: [id], facts: [leaked(id)], again }) },
    })
    const answer = await post(one, { findings })
    expect([answer.statusCode, answer.headers['retry-after'], one.appended.length]).toEqual([503, '2', 2])
    expect(answer.json().code).toBe('fingerprints_unavailable')
  })
  it('needs the right to send leaks', async () => {
    expect((await post(world(), { findings }, 'orchestrator-token')).statusCode).toBe(403)
    expect((await post(world(), { findings }, 'nobody')).statusCode).toBe(401)
  })
  it.each([
    [{}],
    [{ findings: [] }],
    [{ findings: [{ id: 'x', sealed: ['hunter2'] }] }],
    [{ findings: [{ id: 'x', values: ['hunter2'] }] }],
  ])('refuses %j and quotes nothing', async body => {
    const answer = await post(world(), body)
    expect([answer.statusCode, answer.body.includes('hunter2')]).toEqual([400, false])
  })
})
