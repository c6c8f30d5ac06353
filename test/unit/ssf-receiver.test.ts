import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../services/intake/dialects/dialect.ts'
import { decide } from '../../services/pipeline/decide.ts'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { credentialId, sessionKey } from '../../services/pipeline/ids.ts'
import { setsOf } from '../../services/signals/caep/set-claims.ts'
import { setSigner } from '../../services/signals/caep/sign-set.ts'
import { delivery, dialectOf } from '../support/inbox-senders.ts'
import { inboxWorld } from '../support/inbox-world.ts'
import { closed } from '../support/told-events.ts'
import { told } from '../support/webhooks.ts'

const issuer = 'https://idp.example.com/3456789/'
const audience = 'https://curfew.example/caep'
const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const config = {
  dialect: 'ssf' as const,
  issuer,
  audience,
  jwksUrl: 'https://idp.example.com/jwks.json',
  subjects: [
    { member: 'session', format: 'opaque' as const, is: 'session' as const },
    { format: 'opaque' as const, is: 'session' as const },
    { format: 'jwt_id' as const, iss: 'https://issuer.example', is: { handleAt: 'mcp-oauth' } },
  ],
}
const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = { known: pair(), later: pair(), foreign: pair() }
type Signer = keyof typeof keys

/** The transmitter's published keys; `later` is added after the first look. */
const published = async (names: Signer[]) => ({
  keys: await Promise.all(
    names.map(async kid => ({ ...(await exportJWK(keys[kid].publicKey)), kid, alg: 'RS256', use: 'sig' })),
  ),
})
const signed = (
  claims: object,
  {
    by = 'known',
    typ = 'secevent+jwt',
    iss = issuer,
    aud = audience,
  }: { by?: Signer; typ?: string; iss?: string; aud?: string } = {},
) =>
  new SignJWT({ jti: 'set-1', iat: 1_615_305_159, txn: '8675309', ...claims, iss, aud })
    .setProtectedHeader({ alg: 'RS256', typ, kid: by })
    .sign(keys[by].privateKey)

const servedBy = (names: () => Signer[]) => {
  const asked: string[] = []
  const fetch = async (url: string | URL | Request) => {
    asked.push(String(url))
    return new Response(JSON.stringify(await published(names())))
  }
  return { asked, fetch: fetch as typeof globalThis.fetch }
}
const open = (names: () => Signer[] = () => ['known']) => {
  const served = servedBy(names)
  return { ...served, dialect: dialectOf(config, { fetch: served.fetch }) }
}
const reads = async (dialect: Dialect, claims: object) => {
  const one = delivery(await signed(claims))
  await dialect.verify(one)
  return told(dialect.read(one))
}
const refusalOf = async (dialect: Dialect, token: string) => {
  try {
    await dialect.verify(delivery(token))
    return 'accepted'
  } catch (error) {
    return (error as { code?: string; name: string }).code ?? (error as Error).name
  }
}
/** Shapes of the examples of CAEP 1.0 and RISC 1.0: written from the specifications, no peer of another maker was run. */
const opaqueSession = { format: 'opaque', id: 'dMTlD|1600802906337.16|16008.16' }
const sessionRevoked = {
  sub_id: opaqueSession,
  events: { [`${caep}session-revoked`]: { event_timestamp: 1_615_304_991 } },
}
const complex = {
  sub_id: {
    format: 'complex',
    session: opaqueSession,
    user: { format: 'iss_sub', iss: issuer, sub: 'jane.smith@example.com' },
    tenant: { format: 'opaque', id: '123456789' },
  },
  events: { [`${caep}session-revoked`]: { initiating_entity: 'policy', reason_admin: { en: 'Landspeed Policy' } } },
}
const jwtId = { format: 'jwt_id', iss: 'https://issuer.example', jti: 'B70BA622' }
const change = (type: string, subject: object = jwtId) => ({
  sub_id: subject,
  events: { [`${caep}credential-change`]: { credential_type: 'app', change_type: type } },
})
const compromise = (subject: object) => ({ sub_id: subject, events: { [`${risc}credential-compromise`]: {} } })
const sessionEnd = (reason: string) =>
  `session.ended ${JSON.stringify({ session: opaqueSession.id, reason })} (inferred)`

describe('a Security Event Token that comes in', () => {
  it.each([
    ['session-revoked, simple subject', sessionRevoked, sessionEnd('session-revoked')],
    ['session-revoked, complex subject', complex, sessionEnd('session-revoked')],
    ['credential-compromise of a session’s', compromise(opaqueSession), sessionEnd('credential-compromise')],
    ['credential-compromise by jwt_id', compromise(jwtId), 'revoke mcp-oauth B70BA622'],
    ['credential-change revoke', change('revoke'), 'revoke mcp-oauth B70BA622'],
    ['credential-change create', change('create'), 'nothing: no_revocation'],
    ['credential-change revoke of somebody in a session', change('revoke', opaqueSession), 'nothing: unmapped_subject'],
    ['a jwt_id of another issuer', change('revoke', { ...jwtId, iss: 'https://other' }), 'nothing: unmapped_subject'],
    ['a user alone', compromise({ format: 'iss_sub', iss: issuer, sub: 'jane' }), 'nothing: unmapped_subject'],
    [
      'an event without effect',
      { sub_id: jwtId, events: { [`${caep}device-compliance-change`]: {} } },
      'nothing: other_event',
    ],
    [
      'a verification',
      { sub_id: jwtId, events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 'x' } } },
      'nothing: verification',
    ],
  ])('%s', async (_, claims, said) => {
    expect(await reads(open().dialect, claims)).toEqual([said])
  })

  it('is refused in the registered words where it is not this transmitter’s, for us, and a SET', async () => {
    const { dialect } = open()
    const [header = '', payload = '', signature = ''] = (await signed(sessionRevoked)).split('.')
    const other = Buffer.from(JSON.stringify({ iss: issuer, aud: audience, jti: 'x', events: {} })).toString(
      'base64url',
    )
    const unsigned = `${Buffer.from('{"alg":"none","typ":"secevent+jwt"}').toString('base64url')}.${payload}.`
    const tokens: [string, string][] = [
      [await signed(sessionRevoked, { iss: 'https://other.example' }), 'invalid_issuer'],
      [await signed(sessionRevoked, { aud: 'https://other.example' }), 'invalid_audience'],
      [await signed(sessionRevoked, { typ: 'JWT' }), 'invalid_request'],
      [await signed(sessionRevoked, { by: 'foreign' }), 'invalid_key'],
      [`${header}.${other}.${signature}`, 'authentication_failed'],
      [unsigned, 'invalid_key'],
      ['{"iss":"x"}', 'invalid_request'],
      ['', 'invalid_request'],
    ]
    for (const [token, code] of tokens)
      expect([await refusalOf(dialect, token), token.slice(0, 9)]).toEqual([code, token.slice(0, 9)])
  })

  it('no changed byte is accepted', async () => {
    const { dialect } = open()
    const token = await signed(sessionRevoked)
    for (let at = 0; at < token.length - 1; at += 7) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await refusalOf(dialect, changed), `byte ${at}`).not.toBe('accepted')
    }
  })

  it('an unknown key is looked for once, and unknown ids do not make a look each', async () => {
    const { dialect, asked } = open(() => ['known'])
    expect(await refusalOf(dialect, await signed(sessionRevoked))).toBe('accepted')
    for (let i = 0; i < 20; i += 1) await refusalOf(dialect, await signed(sessionRevoked, { by: 'foreign' }))
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  it('while the keys cannot be had it has to come again, and is not refused', async () => {
    const fetch = (() => Promise.reject(new TypeError('fetch failed'))) as typeof globalThis.fetch
    expect(await refusalOf(dialectOf(config, { fetch }), await signed(sessionRevoked))).toBe('NotNow')
  })

  it('what our own transmitter says is understood', async () => {
    const key = { ...(await exportJWK(keys.known.privateKey)), kid: 'known' }
    const sign = await setSigner(issuer, { kid: 'known', jwk: key, algorithm: 'RS256' }, Date.now)
    const [claims] = setsOf(closed(), { id: 'idp', tenant: 'acme', events: ['session-revoked'] }, new Map())
    if (!claims) throw new Error('no claims')
    const { dialect } = open()
    const one = delivery(await sign(claims, audience))
    await dialect.verify(one)
    expect(told(dialect.read(one))).toEqual(['session.ended {"session":"s-1","reason":"session-revoked"} (inferred)'])
  })
})

describe('a transmitter at the inbox', () => {
  const world = async () => {
    const { fetch } = servedBy(() => ['known'])
    const real = globalThis.fetch
    globalThis.fetch = fetch
    try {
      return inboxWorld([{ id: 'idp', principal: 'p', ...config }], { now: () => 1_700_000_000_000 })
    } finally {
      globalThis.fetch = real
    }
  }
  const post = (one: Awaited<ReturnType<typeof world>>, body: string) =>
    one.call('POST', '/v1/inbox/idp', { body, headers: { 'content-type': 'application/secevent+jwt' } })

  it('202 and an empty body is a durable fact, twenty replays are the same one, a forged one is 400 with `err`', async () => {
    const one = await world()
    const token = await signed(sessionRevoked)
    const answer = await post(one, token)
    expect([answer.statusCode, answer.body]).toEqual([202, ''])
    for (let i = 0; i < 20; i += 1) await post(one, token)
    expect(new Set(one.facts.map(fact => factRecord(fact, 8).key)).size).toBe(1)
    expect(one.facts[0]).toMatchObject({
      kind: 'session.ended',
      sid: sessionKey('acme', opaqueSession.id),
      inferred: true,
    })
    const forged = await post(one, await signed(sessionRevoked, { by: 'foreign' }))
    expect([forged.statusCode, forged.json()]).toEqual([400, { err: 'invalid_key', description: expect.any(String) }])
    one.close()
  })

  it('a credential of a store that its principal has no right to is refused, and nothing is stated', async () => {
    const one = await world()
    const answer = await post(one, await signed(change('revoke')))
    expect([answer.statusCode, answer.json().err, one.facts]).toEqual([400, 'access_denied', []])
    one.close()
  })
})

it('a credential that a mapping forced is due at once and under the cap, until an operator forces it too', () => {
  const marks = { grantsRead: 0, lifecycleRead: 0, expiryHoldMs: 0, holdFrom: 0 }
  const session = { sid: 's', tenant: 'acme', session: 's-1', ends: [], tasks: new Map(), startedAt: 1 }
  const grant = { sid: 's', at: 10, tasks: [], graceUntil: 10, session }
  const view = { cid: credentialId('mcp-oauth', 'x'), grants: [grant], held: [], sealed: [] }
  const force = (at: number) => ({ at, cause: 'forced', reason: 'credential-compromise' })
  const mapped = decide({ ...view, inferredForce: force(20) } as never, 30, marks)
  expect(mapped).toMatchObject({ due: true, at: 20, inferred: true, cause: { cause: 'forced' } })
  const both = decide({ ...view, inferredForce: force(20), forced: force(25) } as never, 30, marks)
  expect(both).toMatchObject({ due: true, at: 20, inferred: false })
})
