import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { streamConfig } from '../../schemas/signals.ts'
import type { SsfPort } from '../../services/api/ports.ts'
import { loadSetKeys } from '../../services/runtime/set-keys.ts'
import { openPushStream } from '../../services/signals/caep/push-stream.ts'
import { setsOf } from '../../services/signals/caep/set-claims.ts'
import { setSigner } from '../../services/signals/caep/sign-set.ts'
import { ssfConfiguration, streamConfiguration } from '../../services/signals/caep/ssf-metadata.ts'
import type { SignalNews } from '../../services/signals/observe-signal.ts'
import { apiWorld } from '../support/api-world.ts'
import { startReceiver } from '../support/receiver.ts'
import { closed, revoked, rotated, toldAt } from '../support/told-events.ts'

const issuer = 'https://curfew.example'
const audience = 'https://idp.example/caep'
const secrets = new Map([['search-key', 'acme']])
const both = ['session-revoked', 'credential-change'] as const
const stream = { id: 'idp', events: [...both], tenant: 'acme' }
const change = 'https://schemas.openid.net/secevent/caep/event-type/credential-change'
const ended = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const keysIn = async (algorithm: 'RS256' | 'ES256' = 'RS256') => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-set-'))
  closing.push(() => rmSync(dir, { recursive: true }))
  const keys = await loadSetKeys(dir, algorithm)
  return { dir, keys, sign: await setSigner(issuer, keys.current, Date.now) }
}

describe('what a CAEP receiver is told', () => {
  it('a closed session is session-revoked, by the session’s own name inside its tenant', () => {
    const [one, ...more] = setsOf(closed(), stream, secrets)
    expect(more).toEqual([])
    expect(one).toMatchObject({
      sub_id: {
        format: 'complex',
        session: { format: 'opaque', id: 's-1' },
        user: { format: 'opaque', id: 'bot' },
        tenant: { format: 'opaque', id: 'acme' },
      },
      events: {
        [ended]: { event_timestamp: toldAt / 1_000 - 1, reason_admin: { en: expect.stringContaining('1 of 1') } },
      },
    })
  })

  it('a death is credential-change revoke, with the same txn as its session’s end', () => {
    const [death] = setsOf(revoked(), stream, secrets)
    expect(death?.events[change]).toEqual({
      credential_type: 'vault.token',
      change_type: 'revoke',
      friendly_name: 'vault-a/accessor-1',
      event_timestamp: Math.floor((toldAt - 500) / 1_000),
      initiating_entity: 'system',
      reason_admin: { en: expect.any(String) },
    })
    expect(death?.txn).toBe(setsOf(closed(), stream, secrets)[0]?.txn)
  })

  it.each(['impossible', 'unproven', 'gone_before_seen'])('%s is not told as a revocation', outcome => {
    expect(setsOf(revoked({ outcome }), stream, secrets)).toEqual([])
  })

  it('a rotation that was done is credential-change update, one that was rolled back is nothing', () => {
    expect(setsOf(rotated(), stream, secrets)[0]?.events[change]).toMatchObject({ change_type: 'update' })
    expect(setsOf(rotated({ result: 'rolled_back' }), stream, secrets)).toEqual([])
  })

  it('each holder of a shared credential gets a SET of its own, another tenant and an event not asked for none', () => {
    const holder = (tenant: string, session: string) => ({ tenant, session, tasks: [], cause: 'leaked' })
    const shared = revoked({ grants: [holder('acme', 's-1'), holder('acme', 's-2'), holder('globex', 'g-1')] })
    const sets = setsOf(shared, stream, secrets)
    expect(sets.map(one => (one.sub_id.session as { id: string }).id)).toEqual(['s-1', 's-2'])
    expect(new Set(sets.map(one => one.jti)).size).toBe(2)
    expect(setsOf(shared, { ...stream, tenant: 'initech' }, secrets)).toEqual([])
    expect(setsOf(shared, { ...stream, events: ['session-revoked'] }, secrets)).toEqual([])
  })

  it('told again the same event has the same jti, and in another stream another one', () => {
    const jti = (id: string) => setsOf(closed(), { ...stream, id }, secrets)[0]?.jti
    expect(jti('idp')).toBe(jti('idp'))
    expect(jti('idp')).not.toBe(jti('other'))
  })
})

describe('a signed SET', () => {
  it.each(['RS256', 'ES256'] as const)('%s: a receiver verifies it by the published keys alone', async algorithm => {
    const { keys, sign, dir } = await keysIn(algorithm)
    const [claims] = setsOf(closed(), stream, secrets)
    if (!claims) throw new Error('no claims')
    const set = await sign(claims, audience)
    const options = { issuer, audience, typ: 'secevent+jwt', algorithms: [algorithm] }
    const { payload, protectedHeader } = await jwtVerify(set, createLocalJWKSet({ keys: keys.publicKeys }), options)
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'secevent+jwt', kid: keys.current.kid })
    expect(payload).toMatchObject({ ...claims, iat: expect.any(Number) })
    expect(Object.keys(payload.events as object)).toHaveLength(1)
    expect('sub' in payload || 'exp' in payload).toBe(false)
    expect(JSON.stringify(keys.publicKeys)).not.toMatch(/"(d|p|q|dp|dq|qi)":/)
    // Another process, or the next start, signs with the same key.
    expect((await loadSetKeys(dir, algorithm)).current.kid).toBe(keys.current.kid)
    expect(readFileSync(join(dir, `set-keys-${algorithm.toLowerCase()}.json`), 'utf8')).toContain('"d"')
  })

  it('is pushed by RFC 8935 until it is accepted, and the receiver’s own words stay with the receiver', async () => {
    const { sign } = await keysIn()
    const receiver = await startReceiver((_, nth) =>
      nth === 1
        ? { status: 400, body: JSON.stringify({ err: 'invalid_key', description: 'hunter2' }) }
        : { status: 202 },
    )
    closing.push(receiver.close)
    const config = streamConfig.parse({
      id: 'idp',
      principal: 'p',
      audience,
      delivery: { method: 'push', url: `${receiver.url}/events` },
    })
    if (config.delivery.method !== 'push') throw new Error('no push')
    const news: SignalNews[] = []
    const parts = { secrets, sign, now: () => toldAt, deadLetter: () => Promise.resolve() }
    const signal = openPushStream({ ...config, delivery: config.delivery, tenant: 'acme' }, parts, one => {
      news.push(one)
    })
    closing.push(signal.close)
    await signal.handle([closed()], new AbortController().signal)
    expect(receiver.received.map(one => one.headers['content-type'])).toEqual(
      Array.from({ length: 2 }, () => 'application/secevent+jwt'),
    )
    expect(new Set(receiver.received.map(one => decodeJwt(one.body).jti)).size).toBe(1)
    expect(news).toEqual([{ event: 'failed', code: 'set_invalid_key' }, { event: 'taken' }])
  })
})

describe('the receivers’ endpoints', () => {
  const config = streamConfig.parse({ id: 'idp', principal: 'issuer', audience, delivery: { method: 'poll' } })
  const world = (change: Partial<SsfPort> = {}) => {
    const asked: unknown[] = []
    const ssf: SsfPort = {
      configuration: ssfConfiguration(issuer),
      keys: { keys: [] },
      streams: [{ id: 'idp', principal: 'issuer', polls: true, description: streamConfiguration(issuer, config) }],
      poll: (id, request) => {
        asked.push([id, request])
        return Promise.resolve({ sets: { a: 'x.y.z' }, moreAvailable: false })
      },
      verify: () => Promise.resolve(0),
      ...change,
    }
    return { ...apiWorld({ parts: { ssf } }), asked }
  }

  it('a receiver finds everything from the well-known document, which anybody may read', async () => {
    const { call } = world()
    const found = await call('GET', '/.well-known/ssf-configuration')
    expect(found.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/v1/ssf/jwks`, spec_version: '1_0' })
    expect((await call('GET', '/v1/ssf/jwks')).json()).toEqual({ keys: [] })
    const [own] = (await call('GET', '/v1/ssf/streams', { token: 'issuer-token' })).json()
    expect(own.delivery).toEqual({
      method: 'urn:ietf:rfc:8936',
      endpoint_url: `${issuer}/v1/ssf/streams/idp/poll`,
    })
  })

  it('a stream is its principal’s alone: to everybody else it does not exist', async () => {
    const { call, asked } = world()
    const all: ['GET' | 'POST', string, object?][] = [
      ['GET', '/v1/ssf/streams?stream_id=idp'],
      ['GET', '/v1/ssf/status?stream_id=idp'],
      ['POST', '/v1/ssf/verification', { stream_id: 'idp' }],
      ['POST', '/v1/ssf/streams/idp/poll', { returnImmediately: true }],
    ]
    for (const [method, url, body] of all) {
      expect((await call(method, url, { body })).statusCode, url).toBe(401)
      for (const token of ['orchestrator-token', 'boss-token', 'local'])
        expect((await call(method, url, { token, body })).statusCode, `${url} ${token}`).toBe(404)
      expect((await call(method, url, { token: 'issuer-token', body })).statusCode, url).toBeLessThan(300)
    }
    expect(asked).toHaveLength(1)
    expect((await call('GET', '/v1/ssf/streams', { token: 'local' })).json()).toEqual([])
  })

  it('a poll waits for something to say, and acknowledges only once', async () => {
    let calls = 0
    const acks: string[][] = []
    const { call } = world({
      poll: (_, { ack }) => {
        calls += 1
        acks.push(ack)
        return Promise.resolve({ sets: calls < 3 ? {} : { b: 'x.y.z' }, moreAvailable: false })
      },
    })
    const answer = await call('POST', '/v1/ssf/streams/idp/poll', { token: 'issuer-token', body: { ack: ['a'] } })
    expect(answer.json()).toEqual({ sets: { b: 'x.y.z' }, moreAvailable: false })
    expect(acks).toEqual([['a'], [], []])
  })

  it('while Redis is away a poll is answered 503, and nothing is said to be empty', async () => {
    const { call } = world({ poll: () => Promise.reject(new Error('away')) })
    const answer = await call('POST', '/v1/ssf/streams/idp/poll', { token: 'issuer-token', body: {} })
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'state_unavailable'])
  })
})
