import { describe, expect, it } from 'vitest'
import type { CanaryStatus } from '../../schemas/status.ts'
import { FactsUnavailable, RejectedEvent } from '../../services/pipeline/errors.ts'
import { sessionKey } from '../../services/pipeline/ids.ts'
import { apiWorld, grantEntry, sessionDetail, stateOf, youngCanary } from '../support/api-world.ts'

const local = { token: 'local' }
const away = () => Promise.reject(new Error('Redis is away'))

describe('POST /v1/events', () => {
  const answering = async (error: Error) => {
    const world = apiWorld({ parts: { acceptEvent: () => Promise.reject(error) } })
    return { world, answer: await world.call('POST', '/v1/events', { ...local, body: '{"secret":"hunter2"}' }) }
  }
  it('answers 202 with the number of facts', async () => {
    const { call } = apiWorld()
    const answer = await call('POST', '/v1/events', { ...local, body: '{}' })
    expect([answer.statusCode, answer.json()]).toEqual([202, { facts: 1 }])
  })
  it('answers 400 with code and message to what is no event', async () => {
    const { answer } = await answering(new RejectedEvent('not_json', 'the body is not JSON'))
    expect([answer.statusCode, answer.json()]).toEqual([400, { code: 'not_json', message: 'the body is not JSON' }])
  })
  it('answers 403 to what the principal may not send', async () => {
    expect((await answering(new RejectedEvent('not_allowed', 'no'))).answer.statusCode).toBe(403)
  })
  it('answers 503 with Retry-After while the facts topic does not acknowledge', async () => {
    const { answer } = await answering(new FactsUnavailable(new Error('x')))
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
    expect(answer.json()).toMatchObject({
      code: 'facts_unavailable',
      message: expect.stringContaining('nothing was done'),
    })
  })
  it('answers 413 over 256 KiB, and nothing is accepted', async () => {
    const { call, accepted } = apiWorld()
    const answer = await call('POST', '/v1/events', { ...local, body: 'x'.repeat(256 * 1024 + 1) })
    expect([answer.statusCode, answer.json().code, accepted.length]).toEqual([413, 'too_large', 0])
  })
  it('answers 500 to a failure inside, and neither answer nor log quotes the body or the error', async () => {
    const { world, answer } = await answering(new Error('hunter2'))
    expect(answer.statusCode).toBe(500)
    expect(answer.body + JSON.stringify(world.logged)).not.toContain('hunter2')
  })
  it('takes any content type, and none', async () => {
    const { call, accepted } = apiWorld()
    const types = ['application/cloudevents+json', 'application/json', 'text/plain'].map(type => ({
      'content-type': type,
    }))
    for (const headers of [{}, ...types]) await call('POST', '/v1/events', { ...local, body: '{}', headers })
    expect(accepted.length).toBe(4)
  })
})

describe('POST /v1/revocations', () => {
  const settled = grantEntry({ grant: 'c'.repeat(32), state: 'settled', tasks: [] })
  const read = {
    session: () => Promise.resolve(sessionDetail({ grants: [grantEntry(), settled] })),
    grant: () => Promise.resolve(grantEntry()),
  }
  const revoke = async (body: object, change: Partial<typeof read> = {}) => {
    const world = apiWorld({ read: { ...read, ...change } })
    const answer = await world.call('POST', '/v1/revocations', { ...local, body })
    return { status: answer.statusCode, json: answer.json(), appended: world.appended }
  }
  it('a session ends by force, and the living grants are the plan', async () => {
    const { status, json, appended } = await revoke({ session: 's-1', reason: 'INC-1' })
    expect(status).toBe(202)
    expect(json).toEqual({ facts: 1, planned: [grantEntry()], alreadySettled: 1 })
    const sid = sessionKey('acme', 's-1')
    expect(appended).toMatchObject([{ kind: 'session.ended', cause: 'forced', sid, reason: 'INC-1', by: 'local' }])
  })
  it('a task ends by force', async () => {
    const { json, appended } = await revoke({ session: 's-1', task: 't-1', reason: 'x' })
    expect(appended).toMatchObject([{ kind: 'task.ended', cause: 'forced', task: 't-1' }])
    expect(json.planned).toHaveLength(1)
  })
  it('a grant becomes a force on its credential', async () => {
    const { appended } = await revoke({ grant: 'a'.repeat(32), reason: 'x' })
    expect(appended).toMatchObject([{ kind: 'forced', cid: 'b'.repeat(32), reason: 'x' }])
  })
  it('what is not known answers 404 and appends nothing', async () => {
    const { status, appended } = await revoke(
      { session: 's-2', reason: 'x' },
      { session: async () => undefined as never },
    )
    expect([status, appended]).toEqual([404, []])
  })
  it('a session is ended also while the state cannot be read', async () => {
    const { status, json, appended } = await revoke({ session: 's-1', reason: 'x' }, { session: away })
    expect([status, json, appended.length]).toEqual([202, { facts: 1 }, 1])
  })
  it('a grant cannot be found while the state cannot be read: 503, nothing done', async () => {
    const { status, appended } = await revoke({ grant: 'a'.repeat(32), reason: 'x' }, { grant: away })
    expect([status, appended]).toEqual([503, []])
  })
  for (const body of [{ session: 's-1' }, { reason: 'x' }, { session: 's', grant: 'a'.repeat(32), reason: 'x' }])
    it(`refuses ${Object.keys(body).join(' + ')}`, async () => expect((await revoke(body)).status).toBe(400))
})

describe('GET /v1/sessions/{id}?wait=closed', () => {
  it('answers when the session is closed, also if it was not known at first', async () => {
    const answers = [undefined, sessionDetail(), sessionDetail({ closed: true })]
    const { call } = apiWorld({ read: { session: () => Promise.resolve(answers.shift()) } })
    const answer = await call('GET', '/v1/sessions/s-1?wait=closed', local)
    expect([answer.statusCode, answer.json().closed, answers.length]).toEqual([200, true, 0])
  })
  it('answers at the timeout with how it stands', async () => {
    const { call } = apiWorld({ read: { session: () => Promise.resolve(sessionDetail()) } })
    const answer = await call('GET', '/v1/sessions/s-1?wait=closed&timeoutMs=150', local)
    expect([answer.statusCode, answer.json().closed]).toEqual([200, false])
  })
  it('answers at once when the server closes', async () => {
    const { app, call } = apiWorld({ read: { session: () => Promise.resolve(sessionDetail()) } })
    const waiting = call('GET', '/v1/sessions/s-1?wait=closed&timeoutMs=60000', local)
    await app.ready()
    await app.close()
    // Either the wait was cut short or the request came too late: nobody hangs.
    expect([200, 503]).toContain((await waiting).statusCode)
  })
  it('a name that no event told of is 404', async () => {
    expect((await apiWorld().call('GET', '/v1/sessions/s-9', local)).statusCode).toBe(404)
  })
})

describe('honest reads', () => {
  it('every read answers 503 while the state cannot be read, never an empty list', async () => {
    const read = { sessions: away, session: away, grants: away, grant: away, receipts: away, status: away }
    const { call } = apiWorld({ read })
    for (const path of ['sessions', 'sessions/s', 'grants', `grants/${'a'.repeat(32)}`, 'receipts', 'status']) {
      const answer = await call('GET', `/v1/${path}`, local)
      expect([path, answer.statusCode, answer.json().code]).toEqual([path, 503, 'state_unavailable'])
    }
  })
  it('a query that is not understood is 400 and is not quoted', async () => {
    const answer = await apiWorld().call('GET', '/v1/receipts?limit=hunter2', local)
    expect([answer.statusCode, answer.body.includes('hunter2')]).toEqual([400, false])
  })
})

describe('/healthz', () => {
  const health = async (read: object) => {
    const answer = await apiWorld({ read }).call('GET', '/healthz')
    return [answer.statusCode, answer.json().reasons.join()]
  }
  const canary = (...changes: object[]) => ({
    canaries: () => Promise.resolve(changes.map(change => ({ ...youngCanary, ...change }))),
  })
  it('is 200 while canaries die', async () => expect(await health({})).toEqual([200, '']))
  it('is 503 without a canary: unknown is not well', async () =>
    expect(await health(canary())).toEqual([503, 'no canary configured']))
  it('is 503 until the first canary has died', async () =>
    expect(await health(canary({ ageMs: undefined }))).toEqual([
      503,
      'no canary of vault-a (vault.token) was seen to die yet',
    ]))
  it('is 503 when the last one died three periods ago', async () =>
    expect(await health(canary({ ageMs: 180_000 }))).toEqual([503, expect.stringContaining('three periods')]))
  it('is 503 when any one of them is too old, and names that one only', async () => {
    const old = { store: 'mcp-keys', kind: 'api.key', everyMs: 10_000, ageMs: 30_000 }
    expect(await health(canary({}, old, { kind: 'vault.lease' }))).toEqual([
      503,
      'the last canary of mcp-keys (api.key) died 30s ago: more than three periods (30s)',
    ])
  })
  it('is 503 when the clock is 2 s off', async () =>
    expect(await health({ clockSkewMs: () => Promise.resolve(-2_000) })).toEqual([
      503,
      expect.stringContaining('clock'),
    ]))
  it('is 503 while Redis is away', async () =>
    expect(await health({ canaries: away })).toEqual([503, expect.any(String)]))
})

describe('/v1/status', () => {
  const verdict = async (state: Parameters<typeof stateOf>[0], canaries: CanaryStatus[] = [youngCanary]) => {
    const read = {
      status: () => Promise.resolve(stateOf(state)),
      canaries: () => Promise.resolve(canaries),
    }
    const { verdict, reasons } = (await apiWorld({ read }).call('GET', '/v1/status', local)).json()
    return [verdict, reasons.length]
  }
  it('is well when nothing is overdue and canaries die', async () => expect(await verdict({})).toEqual(['well', 0]))
  it('what is dying inside its bound is well', async () =>
    expect(await verdict({ alivePastDue: 2, oldestPastDueMs: 300 })).toEqual(['well', 0]))
  it('over the bound is not well', async () => expect(await verdict({ overBound: 1 })).toEqual(['not_well', 1]))
  it('held is not well', async () => expect(await verdict({ held: 1 })).toEqual(['not_well', 1]))
  it('a gap is not well', async () => expect(await verdict({ gap: [{}] })).toEqual(['not_well', 1]))
  it('reading late is not well', async () =>
    expect(await verdict({ caughtUpAgeMs: { grants: 301_000 } })).toEqual(['not_well', 1]))
  it('a rebuild cannot be told', async () => expect(await verdict({ ready: false })).toEqual(['cannot_tell', 1]))
  it('without a canary it cannot be told', async () => expect(await verdict({}, [])).toEqual(['cannot_tell', 1]))
})
