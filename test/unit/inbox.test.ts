import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FactsUnavailable, FingerprintsUnavailable, NotNow, StartRefused } from '../../services/pipeline/errors.ts'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'
import { secret, signers } from '../support/inbox-senders.ts'
import { inboxConfig, inboxWorld } from '../support/inbox-world.ts'

const gitlab = { id: 'gl', dialect: 'gitlab', principal: 'scanner', secrets: [{ file: 'secret' }], types: ['t'] }
const mine = {
  id: 'mine',
  dialect: 'standard-webhooks',
  principal: 'scanner',
  secrets: [{ file: 'whsec' }],
  clear: true,
}
const value = 'hvs.a-leaked-value-0123456789'

const worlds: { close(): void }[] = []
const world = (...given: Parameters<typeof inboxWorld>) => {
  const one = inboxWorld(...given)
  worlds.push(one)
  return one
}
afterEach(() => {
  for (const one of worlds.splice(0)) one.close()
})

type World = ReturnType<typeof inboxWorld>
/** The API's clock stands at this moment. */
const at = 1_700_000_000_000
const post = (one: World, body: unknown, { sender = 'mine', id = 'msg_1', forged = false } = {}) => {
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = signers.standardV1(forged ? Buffer.from('other') : bytes, at, id)
  return one.call('POST', `/v1/inbox/${sender}`, { body: bytes.toString(), headers })
}
const revoke = (one: World, body: unknown, authorization = secret, path = '/v1/revoke_tokens') =>
  one.call('POST', `/v1/inbox/gl${path}`, { body, headers: { authorization } })

describe('a leak over the inbox', () => {
  it('is a fact under every live pepper, with its value, by its sender’s principal', async () => {
    const one = world([mine])
    const answer = await post(one, { value, source: 'scanner' })
    expect([answer.statusCode, answer.json()]).toEqual([202, { events: 0, leaks: 1, nothing: {} }])
    expect(one.facts).toMatchObject(
      [
        { kind: 'leaked', withValue: true, by: 'scanner', source: 'mine:scanner', fingerprint: /^p1:/ },
        { kind: 'leaked', withValue: true, by: 'scanner', source: 'mine:scanner', fingerprint: /^p2:/ },
      ].map(fact => ({ ...fact, fingerprint: expect.stringMatching(fact.fingerprint) })),
    )
    expect(one.counted).toEqual({
      'curfew_inbox_total mine event': 0,
      'curfew_inbox_total mine leak': 1,
      'curfew_leaks_total mine unknown': 1,
    })
  })

  it('each field of it has its fingerprint', async () => {
    const one = world([mine])
    await post(one, { value: 'postgres://app:p%40ssword@db/x' })
    // The whole, the password as it stands and decoded, and the pair: each under two peppers.
    expect(one.facts.length).toBe(8)
  })

  it('a thousand replays write the same records', async () => {
    let now = at
    const one = world([{ ...mine, perMinute: 10_000 }], { now: () => (now += 100) })
    for (let i = 0; i < 1_000; i += 1) expect((await post(one, { value })).statusCode).toBe(202)
    expect(one.facts.length).toBe(2_000)
    const records = one.facts.map(fact => factRecord(fact, 8))
    expect(new Set(records.map(({ key, value: text }) => `${key} ${text}`)).size).toBe(2)
  })

  it('the value is in no answer, no log and no fact, not even as its source', async () => {
    const one = world([mine])
    const answers = [await post(one, { value, source: value }), await post(one, { value: [value] }, { forged: true })]
    const told = JSON.stringify([
      answers.map(answer => [answer.body, answer.headers]),
      one.logged,
      one.facts,
      one.counted,
    ])
    expect(told).not.toContain(value)
    expect(one.facts.length).toBe(2)
    expect(one.facts).not.toContainEqual(expect.objectContaining({ source: expect.anything() }))
  })

  it('a sealed value is opened at the edge', async () => {
    const one = world([{ ...mine, clear: false }])
    expect((await post(one, { sealed: 'a.b.c.sealed-value.e' })).statusCode).toBe(202)
    expect(one.facts).toMatchObject([
      { kind: 'leaked', withValue: true },
      { kind: 'leaked', withValue: true },
    ])
  })
})

describe('nothing is promised that is not durable', () => {
  it.each([
    [
      'the facts topic does not acknowledge',
      { append: () => Promise.reject(new FactsUnavailable(new Error('x'))) },
      'facts_unavailable',
    ],
    [
      'a hash that matching needs cannot be had',
      {
        edge: {
          fingerprints: () => {
            throw new NotNow('no hash')
          },
        },
      },
      'not_now',
    ],
  ])('503 and Retry-After while %s', async (_why, change, code) => {
    const one = world([mine], change)
    const answer = await post(one, { value })
    expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([503, '2', code])
    expect(one.counted[`curfew_inbox_total mine ${code}`]).toBe(1)
  })

  it('what is known without a store that is away acts at once, and the sender must come again for the rest', async () => {
    const print = `p1:${'0'.repeat(64)}`
    const away = () => {
      throw new FingerprintsUnavailable(['vault-a'], [print])
    }
    const one = world([mine, gitlab], { edge: { fingerprints: away } })
    for (const answer of [await post(one, { value }), await revoke(one, [{ type: 't', token: value }])]) {
      expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([
        503,
        '2',
        'fingerprints_unavailable',
      ])
      expect(answer.body).not.toContain(value)
    }
    expect(one.facts).toMatchObject([
      { kind: 'leaked', fingerprint: print },
      { kind: 'leaked', fingerprint: print },
    ])
  })

  it('one entry that is refused takes the whole delivery with it', async () => {
    const one = world([gitlab])
    const answer = await revoke(one, [
      { type: 't', token: value },
      { type: 'unheard', token: value },
    ])
    expect([answer.statusCode, answer.json().code, one.facts]).toEqual([400, 'unsupported_type', []])
  })
})

describe('who may', () => {
  it('a bad signature is 401, counted, and nothing is done', async () => {
    const one = world([mine])
    const answer = await post(one, { value }, { forged: true })
    expect([answer.statusCode, answer.json().code, one.facts]).toEqual([401, 'bad_signature', []])
    expect(one.counted).toEqual({ 'curfew_inbox_total mine bad_signature': 1 })
  })
  it('a sender that the config does not have is 404 before its body is read', async () => {
    const answer = await post(world([mine]), 'x'.repeat(3_000_000), { sender: 'other' })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'no_such_sender'])
  })
  it('a sender has its principal’s rights and no more', async () => {
    const event = { specversion: '1.0', id: 'e', source: '/s', type: 'curfew.session.ended', data: { session: 's' } }
    const leaks = world([mine])
    expect([(await post(leaks, event)).statusCode, leaks.facts]).toEqual([403, []])
    const lifecycle = world([{ ...mine, principal: 'orchestrator' }])
    expect((await post(lifecycle, event)).statusCode).toBe(202)
    expect(lifecycle.facts).toMatchObject([{ kind: 'session.ended', by: 'orchestrator' }])
    expect([(await post(lifecycle, { value })).statusCode, lifecycle.facts.length]).toEqual([403, 1])
  })
  it('an event’s data is checked like every other', async () => {
    const event = { specversion: '1.0', id: 'e', source: '/s', type: 'curfew.session.ended', data: { session: 7 } }
    expect((await post(world([{ ...mine, principal: 'orchestrator' }]), event)).json().code).toBe('invalid_data')
  })
})

describe('caps', () => {
  it('a body over 1 MiB is 413, and nothing is done', async () => {
    const one = world([mine])
    const answer = await post(one, { value: 'x'.repeat(1024 * 1024) })
    expect([answer.statusCode, answer.json().code, one.facts]).toEqual([413, 'too_large', []])
  })
  it('a deep body is 400', async () => {
    const deep = Array.from({ length: 40 }).reduce<unknown>(inner => [inner], 'x')
    expect((await post(world([mine]), { value: deep })).json().code).toBe('too_deep')
  })
  it('a leak of a hundred values is 413', async () => {
    const values = Array.from({ length: 100 }, (_, i) => `value-${i}`)
    expect((await post(world([mine]), { values })).statusCode).toBe(413)
  })
  it('over its rate a sender is told 429 and when to come again; who forges cannot use its room up', async () => {
    const one = world([{ ...mine, perMinute: 3 }])
    for (let i = 0; i < 50; i += 1) await post(one, { value }, { forged: true })
    const codes = []
    for (let i = 0; i < 5; i += 1) codes.push((await post(one, { value })).statusCode)
    expect(codes).toEqual([202, 202, 202, 429, 429])
    expect((await post(one, { value })).headers['retry-after']).toBe('60')
  })
})

describe('a sender that tells of a leak without its value', () => {
  it('is answered, counted and logged, and nothing is recorded', async () => {
    const one = world([{ id: 'alerts', dialect: 'github-alert', principal: 'scanner', secrets: [{ file: 'secret' }] }])
    const body = '{"action":"created","alert":{"number":1}}'
    const answer = await one.call('POST', '/v1/inbox/alerts', { body, headers: signers.githubAlert(Buffer.from(body)) })
    expect([answer.statusCode, answer.json()]).toEqual([202, { events: 0, leaks: 0, nothing: { no_value: 1 } }])
    expect([one.facts, one.counted['curfew_inbox_total alerts no_value'], one.logged.length]).toEqual([[], 1, 1])
  })
})

describe('GitLab’s own paths', () => {
  it('it asks for the types and posts the tokens: 200, 204', async () => {
    const one = world([gitlab])
    const url = '/v1/inbox/gl/v1/revocable_token_types'
    const types = await one.call('GET', url, { headers: { authorization: secret } })
    expect([types.statusCode, types.json()]).toEqual([200, { types: ['t'] }])
    const posted = await revoke(one, [{ type: 't', token: value, location: 'x' }])
    expect([posted.statusCode, posted.body, one.facts.length]).toEqual([204, '', 2])
    expect((await one.call('GET', url, { headers: { authorization: 'another-token-of-someone' } })).statusCode).toBe(
      401,
    )
    expect((await revoke(one, [], 'another-token-of-someone')).statusCode).toBe(401)
  })
  it('another path below a sender is 404', async () => {
    const one = world([gitlab, mine])
    for (const path of ['/v1/other', '/__proto__', '/v1/revocable_token_types'])
      expect((await revoke(one, [], secret, path)).statusCode, path).toBe(404)
    expect((await post(one, { value }, { sender: 'mine/v1/revoke_tokens' })).statusCode).toBe(404)
    expect((await one.call('GET', '/v1/inbox/gl/constructor', { headers: { authorization: secret } })).statusCode).toBe(
      404,
    )
  })
})

describe('the config refuses', () => {
  it.each([
    ['a principal that is not there', { ...mine, principal: 'nobody' }, /no principal .*nobody/],
    ['a principal that may not send leaks', { ...gitlab, principal: 'orchestrator' }, /may not send leaks/],
    [
      'a key set in clear from elsewhere',
      { id: 'gh', dialect: 'github-partner', principal: 'scanner', keysUrl: 'http://keys.example/' },
      /https/,
    ],
    ['an unknown dialect', { ...mine, dialect: 'fax' }, /dialect/],
  ])('%s', (_what, sender, text) => expect(() => inboxConfig([sender])).toThrow(text))
  it('an id that is used twice', () => expect(() => inboxConfig([mine, mine])).toThrow(/used twice/))
  it('a secret that cannot be read, or is short: the start, not the first delivery', () => {
    expect(() => inboxWorld([{ ...gitlab, secrets: [{ file: 'absent' }] }])).toThrow(StartRefused)
    expect(() => inboxWorld([{ ...gitlab, secrets: [{ file: '../../../dev/null' }] }])).toThrow(StartRefused)
  })
})

it('a relative path of a secret is relative to the config', () => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-inbox-'))
  const file = join(dir, 'curfew.yaml')
  const { inbox: _, ...rest } = inboxConfig([])
  writeFileSync(file, JSON.stringify({ ...rest, inbox: { senders: [gitlab] } }))
  expect(loadConfig(file).inbox.senders).toMatchObject([{ secrets: [{ file: join(dir, 'secret') }] }])
  rmSync(dir, { recursive: true })
})
