import { describe, expect, it } from 'vitest'
import { config as configSchema, type Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import { factsOfEvent } from '../../services/intake/facts-of-event.ts'
import { edge } from '../../services/intake/fingerprints.ts'
import { parseEvent, type RawEvent } from '../../services/intake/parse-event.ts'
import { sealing } from '../../services/runtime/sealing.ts'

const config = configSchema.parse({
  kafka: { brokers: ['b'], principals: { lifecycle: 'p', grants: 'p', leaks: 'p' } },
  redis: { url: 'redis://127.0.0.1' },
  keysDir: 'k',
  principals: [{ id: 'p', tenant: 'acme', may: { lifecycle: true, grant: ['v'], leak: true } }],
  stores: [{ id: 'v', kind: 'vault', address: 'https://127.0.0.1', auth: { roleId: 'r', secretIdFile: 'f' } }],
})
const rings = {
  peppers: {
    current: 'p2',
    keys: new Map([
      ['p1', Buffer.alloc(32, 1)],
      ['p2', Buffer.alloc(32, 2)],
    ]),
  },
  intake: { current: 'i1', keys: new Map() },
}
const parts = {
  config,
  edge: {
    ...edge(rings, sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 3)]]) })),
    open: (sealed: string) => Promise.resolve(sealed.split('.')[4] ?? ''),
  },
}
const all: Principal = { id: 'p', tenant: 'acme', may: { lifecycle: true, grant: ['v'], leak: true, admin: false } }
const event = (type: string, data: unknown, attributes = {}) => ({
  specversion: '1.0',
  id: 'e-1',
  source: '/test',
  type: `curfew.${type}`,
  data,
  ...attributes,
})
const structured = (body: unknown): RawEvent => ({
  headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  attributePrefix: 'ce_',
})
const factsOf = (type: string, data: unknown, principal = all, at = 1_800_000_000_000): Promise<Fact[]> =>
  factsOfEvent(parts, structured(event(type, data)), principal, at)
const rejected = (raw: RawEvent) => {
  try {
    parseEvent(raw)
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('events', () => {
  it('binary and structured mode state the same fact', async () => {
    const data = { session: 's' }
    const binary: RawEvent = {
      headers: {
        'content-type': 'application/json',
        ce_id: 'e-1',
        ce_source: '/test',
        ce_type: 'curfew.session.ended',
        ce_specversion: '1.0',
      },
      body: Buffer.from(JSON.stringify(data)),
      attributePrefix: 'ce_',
    }
    expect(await factsOfEvent(parts, binary, all, 5)).toEqual(await factsOf('session.ended', data, all, 5))
  })

  it('the broker time is the time of a fact, whatever the event says', async () => {
    const raw = structured(event('session.ended', { session: 's' }, { time: '2001-01-01T00:00:00Z' }))
    expect((await factsOfEvent(parts, raw, all, 77))[0]?.at).toBe(77)
  })

  it.each([
    ['no body', { ...structured(''), body: null }, 'empty'],
    ['not JSON', structured('{'), 'not_json'],
    ['an array', structured('[]'), 'not_a_cloudevent'],
    ['no id', structured({ ...event('session.ended', {}), id: undefined }), 'not_a_cloudevent'],
    ['another version', structured({ ...event('session.ended', {}), specversion: '0.3' }), 'not_a_cloudevent'],
    [
      'a time that is none',
      structured({ ...event('session.ended', { session: 's' }), time: 'soon' }),
      'not_a_cloudevent',
    ],
    ['an unknown type', structured(event('session.paused', { session: 's' })), 'unknown_type'],
    ['a missing field', structured(event('task.finished', { session: 's', task: 't' })), 'invalid_data'],
    [
      'a leak with both forms',
      structured(event('leak.detected', { fingerprint: `p1:${'0'.repeat(64)}`, sealed: 'a.b.c.d.e' })),
      'invalid_data',
    ],
    [
      'a value in clear where a fingerprint belongs',
      structured(event('leak.detected', { fingerprint: 'hvs.secret' })),
      'invalid_data',
    ],
    ['over the size', structured(`"${'x'.repeat(300_000)}"`), 'too_large'],
    ['over the depth', structured(`${'['.repeat(30)}${']'.repeat(30)}`), 'too_deep'],
    [
      'half a surrogate pair',
      structured(
        '{"specversion":"1.0","id":"i","source":"s","type":"curfew.session.ended","data":{"session":"x","reason":"\\ud800"}}',
      ),
      'not_well_formed',
    ],
    [
      '__proto__ as data',
      structured(
        '{"specversion":"1.0","id":"i","source":"s","type":"curfew.session.ended","data":{"__proto__":{"session":"s"}}}',
      ),
      'invalid_data',
    ],
  ])('%s is rejected by name', (_name, raw, code) => expect(rejected(raw)).toBe(code))

  it('a rejection quotes nothing of the body', () => {
    const raw = structured(event('session.ended', { session: ['hvs.secret-value'] }))
    expect(() => parseEvent(raw)).toThrow(/^(?!.*hvs\.secret)/)
  })
})

describe('who may send what', () => {
  const nobody: Principal = {
    id: 'n',
    tenant: 'acme',
    may: { lifecycle: false, grant: ['other'], leak: false, admin: false },
  }
  it.each([
    ['session.started', { session: 's' }],
    ['task.finished', { session: 's', task: 't', result: 'completed' }],
    ['credential.granted', { session: 's', store: 'v', kind: 'vault.token', handle: 'h' }],
    ['credential.renewed', { store: 'v', handle: 'h', expiresAt: '2030-01-01T00:00:00Z' }],
    ['leak.detected', { fingerprint: `p1:${'0'.repeat(64)}` }],
  ])('%s needs its right', async (type, data) => {
    await expect(factsOf(type, data, nobody)).rejects.toMatchObject({ code: 'not_allowed' })
    expect(await factsOf(type, data)).toHaveLength(1)
  })

  it('the same session id in another tenant is another session', async () => {
    const [mine] = await factsOf('session.ended', { session: 's' })
    const [theirs] = await factsOf('session.ended', { session: 's' }, { ...all, tenant: 'globex' })
    expect((mine as { sid: string }).sid).not.toBe((theirs as { sid: string }).sid)
  })
})

describe('values', () => {
  it('a leak is hashed under every live pepper, a grant under the current one, and they meet', async () => {
    const leaks = await factsOf('leak.detected', { sealed: 'a.b.c.d.value' })
    expect(leaks.map(leak => leak.kind)).toEqual(['leaked', 'leaked'])
    const kids = parts.edge.fingerprints('value').map(print => print.split(':')[0])
    expect(kids).toEqual(['p1', 'p2'])
    expect(parts.edge.fingerprints(' value\n')).toContain(parts.edge.fingerprint('value'))
  })

  it('a minute of heartbeats is one fact', async () => {
    const beat = async (at: number) => (await factsOf('session.heartbeat', { session: 's' }, all, at))[0]
    expect(await beat(1_800_000_001_000)).toEqual(await beat(1_800_000_059_000))
    expect((await beat(1_800_000_001_000))?.at).toBe(1_800_000_060_000)
  })

  it('a "never" beyond what a fact can say is clamped, not lost', async () => {
    const grant = { session: 's', store: 'v', kind: 'vault.token', handle: 'h' }
    const [never] = await factsOf('credential.granted', { ...grant, expiresAt: '9999-12-31T23:59:59Z' })
    expect(never).toMatchObject({ expiresAt: 9_999_999_999_999 })
    const [past] = await factsOf('credential.granted', { ...grant, expiresAt: '1960-01-01T00:00:00Z' })
    expect(past).toMatchObject({ expiresAt: 0 })
  })

  it('a declared life is capped, and the default is stamped in', async () => {
    const [long] = await factsOf('session.started', { session: 's', maxLifeMs: 300 * 86_400_000 })
    expect(long).toMatchObject({ maxLifeMs: config.session.maxLifeCapMs })
    const [plain] = await factsOf('session.started', { session: 's' })
    expect(plain).toMatchObject({ maxLifeMs: config.session.maxLifeMs })
  })
})
