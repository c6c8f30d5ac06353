import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CompactEncrypt, importJWK, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiState, GrantList, SessionDetail } from '../../schemas/http.ts'
import type { Status } from '../../schemas/status.ts'
import { grantId, sessionKey } from '../../services/pipeline/ids.ts'
import { fingerprintOf } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let api: ApiState
const canary = { store: 'vault-local', tokenRole: 'curfew-canary', everyMs: 2_000 }
beforeAll(async () => {
  world = await startWorld({
    processes: [['ledger', 'intake', 'work', 'api']],
    overrides: { api: { port: 0 }, canary },
  })
  api = await until('the API listens', () => JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState)
})
afterAll(() => world?.close())

const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown) => {
  const answer = await fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json', connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as T }
}
const event = (type: string, data: object, extra: object = {}) =>
  call('POST', '/v1/events', { specversion: '1.0', id: crypto.randomUUID(), source: '/test', type, data, ...extra })
const send = async (type: string, data: object) => {
  const answer = await fetch(`${api.url}/v1/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.token}`,
      'content-type': 'application/json',
      connection: 'close',
      'ce-id': crypto.randomUUID(),
      'ce-source': '/test',
      'ce-type': type,
      'ce-specversion': '1.0',
    },
    body: JSON.stringify(data),
  })
  await answer.body?.cancel()
  return answer.status
}

describe('the API beside the real pipeline', () => {
  it('tells where it is in a file that only its owner reads', () => {
    expect(statSync(join(world.dir, 'api.json')).mode & 0o777).toBe(0o600)
    expect(new URL(api.url).hostname).toBe('127.0.0.1')
  })

  it('events in binary mode end a session: wait=closed answers with a verified receipt', async () => {
    expect(await send('curfew.session.started', { session: 'h-1' })).toBe(202)
    const token = await world.issuer.token()
    const watched = world.prober.watch('h-1 token', token)
    const granted = { session: 'h-1', task: 't', store: 'vault-local', ...token.grant }
    expect(await send('curfew.credential.granted', granted)).toBe(202)
    await until('accepted', () => watched.acceptedFirst)
    const waiting = call<SessionDetail>('GET', '/v1/sessions/h-1?wait=closed&timeoutMs=30000')
    expect(await send('curfew.session.ended', { session: 'h-1' })).toBe(202)
    const { json } = await waiting
    expect(json.closed).toBe(true)
    expect(json.grants).toMatchObject([{ state: 'settled', cause: 'session_ended', tasks: ['t'] }])
    expect(json.receipts).toMatchObject([{ outcome: 'verified', handle: token.grant.handle }])
    await until('refused', () => watched.refusedFirst)
    const receipts = await call<{ receipts: object[] }>('GET', '/v1/receipts?limit=5')
    expect(receipts.json.receipts).toMatchObject([{ handle: token.grant.handle }])
  })

  it('a structured event needs its content type, and a wrong one is refused with a code', async () => {
    expect((await event('curfew.session.started', { session: 'x' })).status).toBe(400)
    expect(await send('curfew.unknown', {})).toBe(400)
  })

  it('a forced grant dies by its id, and the other one of its session lives until the session is forced', async () => {
    await send('curfew.session.started', { session: 'h-2' })
    const [one, other] = [await world.issuer.token(), await world.issuer.token()]
    for (const { grant } of [one, other])
      await send('curfew.credential.granted', { session: 'h-2', store: 'vault-local', ...grant })
    const id = grantId('vault-local', one.grant.handle, sessionKey('acme', 'h-2'))
    await until('the grant is listed', async () => (await call('GET', `/v1/grants/${id}`)).status === 200)
    const { json } = await call<{ planned: object[] }>('POST', '/v1/revocations', { grant: id, reason: 'INC-2' })
    expect(json.planned).toMatchObject([{ grant: id, session: 'h-2' }])
    await until('it is dead', async () => (await one.use()) === 'refused')
    expect(await other.use()).toBe('accepted')
    const left = await call<GrantList>('GET', '/v1/grants?session=h-2')
    expect(left.json.grants.map(grant => grant.handle)).toContain(other.grant.handle)
    await call('POST', '/v1/revocations', { session: 'h-2', reason: 'INC-2' })
    const closed = await call<SessionDetail>('GET', '/v1/sessions/h-2?wait=closed')
    expect(closed.json.session).toMatchObject({ closed: true, endCause: 'forced', endReason: 'INC-2', settled: 2 })
  })

  it('a sealed value becomes its fingerprint', async () => {
    const { json } = await call<{ keys: JWK[] }>('GET', '/v1/keys')
    const key = json.keys[0] as JWK
    const sealed = await new CompactEncrypt(Buffer.from('s3cret'))
      .setProtectedHeader({ alg: key.alg ?? '', enc: 'A256GCM', kid: key.kid ?? '' })
      .encrypt(await importJWK(key))
    const answer = await call<{ fingerprints: string[] }>('POST', '/v1/fingerprints', { sealed })
    expect(answer.json.fingerprints).toEqual([await fingerprintOf(world.config, 's3cret')])
    expect(JSON.stringify(json)).not.toContain('"d"')
  })

  it('canaries die: healthy, well, and not listed among the sessions of the tenant', async () => {
    await until('healthy', async () => (await call('GET', '/healthz')).status === 200)
    const status = await until('well', async () => {
      const { json } = await call<Status>('GET', '/v1/status')
      return json.verdict === 'well' && json
    })
    expect(status.canary.ageMs).toBeLessThan(3 * canary.everyMs)
    const { json } = await call<{ sessions: { session: string }[] }>('GET', '/v1/sessions')
    expect(json.sessions.map(one => one.session)).toEqual(['h-2', 'h-1'])
    const metrics = await (await fetch(`${api.url}/metrics`, { headers: { connection: 'close' } })).text()
    expect(metrics).toMatch(/curfew_canary_age_seconds\{store="vault-local",kind="vault.token"\} \d/)
    expect(metrics).toMatch(/curfew_outcomes_total\{store="vault-local",cause="session_ended",outcome="verified"\} 1\n/)
    expect(metrics).toContain('curfew_lag_seconds_bucket')
  })
})
