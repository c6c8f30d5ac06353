import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { config as configSchema } from '../../schemas/config.ts'
import { learnedEvent, recordOfMessage } from '../../services/learn/audit-events.ts'
import { readAuditRecord } from '../../services/learn/audit-record.ts'
import { auditKid, type LearnRules, learningStores, learnRules } from '../../services/learn/rules.ts'

type Json = Record<string, unknown>
const recorded = readFileSync(new URL('../fixtures/openbao-2.7.2-audit.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
const records = recorded.map(line => JSON.parse(line) as Json)

const configWith = (learn: Json = {}, more: Json = {}) =>
  configSchema.parse({
    kafka: { brokers: ['b'], principals: { lifecycle: 'p', grants: 'p', leaks: 'p' } },
    redis: { url: 'redis://127.0.0.1' },
    keysDir: 'k',
    principals: [{ id: 'p', tenant: 'acme', may: { lifecycle: true, grant: ['v'], leak: true } }],
    stores: [
      {
        id: 'v',
        kind: 'vault',
        address: 'https://127.0.0.1',
        auth: { roleId: 'r', secretIdFile: 'f' },
        learn: {
          principal: 'p',
          auditTopic: 't',
          paths: ['auth/token/create', 'auth/approle/login', 'database/creds/*'],
          ...learn,
        },
        ...more,
      },
    ],
  })
const rulesWith = (learn: Json = {}, more: Json = {}): LearnRules => {
  const [store] = learningStores(configWith(learn, more))
  if (!store) throw new Error('no store learns')
  return learnRules(store, [])
}
const rules = rulesWith()
const learnedFrom = (all: unknown[], by = rules) => all.flatMap(record => readAuditRecord(by, record).learned)
const responses = records.filter(record => record.type === 'response')
const recordFor = (path: string, session?: string) => {
  const found = responses.find(record => {
    const { request, response, auth } = record as { request: Json; response: Json; auth?: Json }
    const metadata = ((response.auth ?? auth) as Json | undefined)?.metadata as Json | undefined
    return request.path === path && (session === undefined || metadata?.session === session)
  })
  if (!found) throw new Error(`no record of ${path}`)
  return structuredClone(found) as Record<'request' | 'response' | 'auth', Json>
}

describe('what OpenBao 2.7.2 really wrote', () => {
  it('a token with the mark, its child, a lease, a batch token and a login with the mark', () => {
    const seen = learnedFrom(records).map(one => (one.says === 'granted' ? `${one.kind} ${one.session}` : 'renewed'))
    expect(seen).toEqual([
      'vault.token run-1',
      'vault.token run-1',
      'vault.token other',
      'vault.lease run-1',
      'renewed',
      'vault.batch-token run-1',
      'vault.token run-2',
      'vault.token run-3',
    ])
  })

  it('accessor, lease id, session and task in clear; values as HMACs only', () => {
    expect(learnedFrom([recordFor('auth/token/create', 'run-1')])[0]).toMatchObject({
      handle: 'lC6cc9s7oYyGpHhG33qVZ3We',
      session: 'run-1',
      task: 'build',
      lifeMs: 3_600_000,
      fingerprints: ['audit-v:b053e864512cdd33c67445ddebf3167375468a8f23d60466609cbee7cbc9b7d8'],
    })
    expect(learnedFrom([recordFor('database/creds/app')])[0]).toMatchObject({
      handle: 'database/creds/app/Z8Ck4JzwpqjYgdaqjDzTZzfV',
      session: 'run-1',
      task: 'build',
      fingerprints: ['audit-v:e93740decf929f8ddf08dca2c82c5573eddb8531df89e17fc217187e34b404d7'],
    })
  })

  it('a renewal moves the expiry, by the time that Vault wrote', () => {
    const [renewed] = learnedFrom([recordFor('auth/token/renew-self')])
    expect(renewed).toMatchObject({ says: 'renewed', handle: 'lC6cc9s7oYyGpHhG33qVZ3We', lifeMs: 1_200_000 })
    if (!renewed) throw new Error('nothing')
    const event = learnedEvent(rulesWith({ lateMs: 0 }), renewed, Date.now())
    expect(event.raw.body.toString()).toContain('"expiresAt":"2026-11-25T22:16:36.983Z"')
  })

  it('read again later it states the same event', () => {
    const again = (now: number) => learnedFrom(records).map(one => learnedEvent(rules, one, now).raw.body.toString())
    expect(again(Date.parse('2026-12-01'))).toEqual(again(Date.parse('2027-01-01')))
  })
})

describe('what is not ours', () => {
  it('another path, another namespace, a missing mark, a filter that does not hold, a failed call, the request record', () => {
    expect(learnedFrom(records, rulesWith({ paths: ['auth/other/login'] }))).toMatchObject([{ says: 'renewed' }])
    expect(learnedFrom(records, rulesWith({}, { namespace: 'team' }))).toEqual([])
    expect(learnedFrom(records, rulesWith({ sessionKey: 'run' }))).toEqual([])
    expect(learnedFrom(records, rulesWith({ where: { tenant: 'acme' } }))).toEqual([])
    const failed = { ...recordFor('auth/token/create'), error: 'permission denied' }
    expect(learnedFrom([failed, ...records.filter(record => record.type === 'request')])).toEqual([])
  })

  it('what our own login does, and the canary', () => {
    const record = recordFor('auth/token/create', 'run-1')
    const own = { ...rules, self: { entity: String(record.auth.entity_id) } }
    expect(learnedFrom([record], own)).toEqual([])
    record.request.path = 'auth/token/create/curfew-canary'
    const wide = rulesWith({ paths: ['auth/token/create*'] })
    expect(learnedFrom([record], wide)).toHaveLength(1)
    expect(learnedFrom([record], { ...wide, own: new Set(['auth/token/create/curfew-canary']) })).toEqual([])
  })
})

describe('wrapped answers', () => {
  it('only the accessor is known: it belongs to the session that asked', () => {
    const record = recordFor('auth/token/create', 'run-1')
    record.auth.metadata = { session: 'maker' }
    record.response = { wrap_info: { ttl: 60, token: `hmac-sha256:${'0'.repeat(64)}`, wrapped_accessor: 'FamCFvQLcf' } }
    expect(learnedFrom([record])).toMatchObject([{ handle: 'FamCFvQLcf', session: 'maker', fingerprints: [] }])
  })
})

describe('a device that is set wrong is said, and nothing is believed or let through', () => {
  it('hidden accessors', () => {
    const record = recordFor('auth/token/create', 'run-1')
    ;(record.response.auth as Json).accessor = `hmac-sha256:${'a'.repeat(64)}`
    expect(readAuditRecord(rules, record)).toMatchObject({ learned: [], troubles: ['accessor_hidden'] })
  })

  it('values in clear', () => {
    const record = recordFor('database/creds/app')
    ;(record.response.data as Json).password = 'in-clear'
    const reading = readAuditRecord(rules, record)
    expect(reading).toMatchObject({ learned: [{ fingerprints: [] }] })
    expect(reading.troubles).toContain('values_in_clear')
    expect(JSON.stringify(reading)).not.toContain('in-clear')
  })

  it("a login's name that is hidden, and one in clear", () => {
    const record = recordFor('database/creds/app')
    expect(readAuditRecord(rules, record).troubles).toEqual(['target_hidden'])
    ;(record.response.data as Json).username = 'v-token-app-1'
    expect(readAuditRecord(rules, record)).toMatchObject({ learned: [{ target: 'v-token-app-1' }], troubles: [] })
  })
})

describe('anything', () => {
  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        const { learned } = readAuditRecord(rules, JSON.parse(text))
        for (const one of learned) learnedEvent(rules, one, Date.now())
      }),
      { numRuns: 2_000 },
    )
  })

  it('never throws, and lets no value through: any field of a real record becomes anything', () => {
    const planted = 'hvs.PLANTED-VALUE'
    // What is in clear by its meaning: whoever writes a value there has told it to everybody.
    const names = /(accessor|metadata|lease_id|time|type|path|id|username|namespace)$/
    fc.assert(
      fc.property(
        fc.constantFrom(...responses),
        fc.nat(200),
        fc.anything(),
        fc.boolean(),
        (record, at, other, plant) => {
          const copy = structuredClone(record)
          const spots: [Json, string, string][] = []
          const walk = (node: Json, trail: string) => {
            for (const key of Object.keys(node)) {
              spots.push([node, key, `${trail}.${key}`])
              const child = node[key]
              if (typeof child === 'object' && child !== null) walk(child as Json, `${trail}.${key}`)
            }
          }
          walk(copy, '')
          const [node, key, trail] = spots[at % spots.length] ?? [copy, 'x', 'x']
          const secret = plant && !names.test(key) && !trail.includes('metadata')
          node[key] = secret ? planted : other
          const reading = readAuditRecord(rules, copy)
          const events = reading.learned.map(one => learnedEvent(rules, one, Date.now()).raw.body.toString())
          if (secret) expect(JSON.stringify(reading) + events.join()).not.toContain(planted)
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

it("a log shipper's envelope is opened, and what is no JSON is rejected without being quoted", () => {
  const line = recorded[1] ?? ''
  for (const body of [line, JSON.stringify({ message: line, host: 'h' }), JSON.stringify({ log: line })])
    expect(recordOfMessage(Buffer.from(body))).toEqual(JSON.parse(line))
  expect(() => recordOfMessage(Buffer.from('hvs.secret {'))).toThrow(/^the audit record is not JSON$/)
})

it('the key id of a store fits into a fingerprint', () => {
  for (const id of ['v', 'vault-production-eu', 'a'.repeat(63)]) expect(auditKid(id)).toMatch(/^[A-Za-z0-9_-]{1,32}$/)
})
