import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OidcIssuer } from '../../schemas/api-oidc.ts'
import { oidcTokens } from '../../services/api/oidc-tokens.ts'
import { HttpProblem } from '../../services/api/problems.ts'
import { apiWorld } from '../support/api-world.ts'
import { startOidcWorld } from '../support/oidc-world.ts'

let world: Awaited<ReturnType<typeof startOidcWorld>>
beforeAll(async () => {
  world = await startOidcWorld({
    alice: { roles: ['on-call', 'unheard-of'], tenant: 'acme' },
    bob: { roles: 'lead', tenant: 'acme' },
    eve: { roles: ['on-call'], tenant: 'other' },
    nobody: {},
    ghost: { roles: ['on-call'], tenant: 'curfew' },
  })
})
afterAll(() => world?.close())

const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600
const ask = async (token: string, issuers: OidcIssuer[] = [world.configured()], now = Date.now) =>
  oidcTokens({ issuers, now })(token)
const told = async (token: string, ...more: [OidcIssuer[]?, (() => number)?]) => {
  const answer = await ask(token, ...more).catch((error: unknown) => error)
  return answer instanceof HttpProblem ? [answer.statusCode, answer.message] : answer
}

describe('access tokens of a real issuer', () => {
  it('the claim says the roles and the tenant, and what it does not know gives nothing', async () => {
    expect(await ask(await world.token('alice'))).toEqual({
      id: 'oidc:corp:alice',
      tenant: 'acme',
      may: { lifecycle: false, grant: [], leak: false, admin: false, roles: ['viewer', 'replayer', 'revoker'] },
    })
    expect(await ask(await world.token('bob'))).toMatchObject({ may: { roles: ['approver'] } })
  })

  it('the API opens with them what their roles open, and static tokens work beside them', async () => {
    const tokens = oidcTokens({ issuers: [world.configured()], now: Date.now })
    const { parts, call } = apiWorld()
    const known = parts.authenticate
    parts.authenticate = async token => (await known(token)) ?? (await tokens(token))
    const [alice, bob] = [await world.token('alice'), await world.token('bob')]
    const revoke = { body: { session: 's-9', reason: 'x' } }
    expect((await call('GET', '/v1/grants', { token: alice })).statusCode).toBe(200)
    expect((await call('POST', '/v1/revocations', { token: alice, ...revoke })).json().code).toBe('no_such_session')
    expect((await call('POST', '/v1/revocations', { token: bob, ...revoke })).statusCode).toBe(403)
    expect((await call('POST', '/v1/events', { token: alice, body: '{}' })).statusCode).toBe(202)
    expect((await call('GET', '/v1/grants', { token: 'local' })).statusCode).toBe(200)
    const wrong = await call('GET', '/v1/grants', { token: await world.token('alice', 'https://else.example') })
    expect([wrong.statusCode, wrong.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
  })

  it('a person is of the tenant that the issuer says, never of Curfew’s own, and a fixed tenant ignores the claim', async () => {
    expect(await ask(await world.token('eve'))).toMatchObject({ tenant: 'other' })
    const eve = await world.token('eve')
    expect(await ask(eve, [world.configured({ tenantClaim: undefined, tenant: 'acme' })])).toMatchObject({
      tenant: 'acme',
    })
    for (const who of ['ghost', 'nobody']) expect(await told(await world.token(who))).toEqual([401, expect.any(String)])
  })

  it('a strange subject becomes a hash that no plain name looks like', async () => {
    const token = await world.forge({ exp: inAnHour(), sub: 'a\nb'.repeat(99) })
    expect(await ask(token)).toMatchObject({ id: expect.stringMatching(/^oidc:corp:~[0-9a-f]{32}$/) })
  })

  it('a claim is found by its path, and only where it is the token’s own', async () => {
    const nested = await world.forge({ exp: inAnHour(), roles: undefined, realm: { roles: ['lead', 'toString'] } })
    const at = (rolesClaim: string) => ask(nested, [world.configured({ rolesClaim })])
    expect(await at('realm.roles')).toMatchObject({ may: { roles: ['approver'] } })
    expect(await at('constructor.name')).toMatchObject({ may: { roles: [] } })
  })
})

describe('what is refused with 401, without a word of the token', () => {
  const refusals: [string, () => Promise<string>, RegExp][] = [
    ['another audience', () => world.token('alice', 'https://else.example'), /another audience/],
    ['expired', () => world.forge({ exp: inAnHour() - 3_700 }), /expired/],
    ['without an end', () => world.forge({}), /claim/],
    ['without a subject', () => world.forge({ exp: inAnHour(), sub: undefined }), /claim/],
    ['not valid yet', () => world.forge({ exp: inAnHour(), nbf: inAnHour() - 3_500 }), /not valid yet/],
    ['an id token', () => world.forge({ exp: inAnHour() }, { typ: 'JWT' }), /no access token/],
    ['without a type', () => world.forge({ exp: inAnHour() }, { typ: undefined as never }), /no access token/],
    ['an unknown key', () => world.forge({ exp: inAnHour() }, { kid: 'two' }), /no such key/],
    ['bound to a key', () => world.forge({ exp: inAnHour(), cnf: { jkt: 'x' } }), /bound to a key/],
    [
      'HS256 with the public key as the secret',
      async () => world.forge({ exp: inAnHour() }, {}, new TextEncoder().encode(await exportSPKI(world.publicKey))),
      /algorithm/,
    ],
    [
      'alg none',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const claims = { iss: world.issuer, aud: 'https://curfew.example/api', sub: 'm', exp: inAnHour() }
        return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims)}.`
      },
      /algorithm|verified/,
    ],
    [
      'another key under the same name',
      async () => {
        const { privateKey } = await generateKeyPair('RS256')
        return new SignJWT({ iss: world.issuer, aud: 'https://curfew.example/api', sub: 'm', exp: inAnHour() })
          .setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'at+jwt' })
          .sign(privateKey)
      },
      /verified/,
    ],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await world.token('nobody')).split('.')
        const [, payload] = (await world.token('alice')).split('.')
        return [header, payload, signature].join('.')
      },
      /verified/,
    ],
  ]
  for (const [name, make, words] of refusals)
    it(name, async () => expect(await told(await make())).toEqual([401, expect.stringMatching(words)]))

  it('a token of an issuer that is not configured is nobody’s', async () => {
    const foreign = await world.forge({ exp: inAnHour(), iss: 'https://evil.example' })
    expect(await told(foreign)).toBeUndefined()
    expect(await told('a.b.c')).toBeUndefined()
    expect(await told('no token at all')).toBeUndefined()
  })

  it('its end counts by our clock, with the configured tolerance', async () => {
    const token = await world.forge({ exp: inAnHour() })
    const at = (ms: number) => told(token, [world.configured()], () => (inAnHour() + ms / 1_000) * 1_000)
    expect(await at(3_000)).toMatchObject({ id: 'oidc:corp:mallory' })
    expect(await at(7_000)).toEqual([401, expect.stringContaining('expired')])
  })
})

describe('an issuer that is away', () => {
  const elsewhere = async (answer: (path: string) => string | undefined, test: (issuer: string) => Promise<void>) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const body = answer(request.url ?? '')
      response.writeHead(body === undefined ? 500 : 200, { 'content-type': 'application/json', connection: 'close' })
      response.end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } finally {
      await new Promise(resolve => server.close(resolve))
    }
    return asked
  }
  const tokenOf = (issuer: string) => world.forge({ iss: issuer, exp: inAnHour() })

  it('is 503, never 401: who it is cannot be told; and it is not asked for each token', async () => {
    const asked = await elsewhere(
      () => undefined,
      async issuer => {
        const tokens = oidcTokens({ issuers: [world.configured({ issuer })], now: Date.now })
        const token = await tokenOf(issuer)
        const answers = await Promise.all(Array.from({ length: 20 }, () => tokens(token).catch(error => error)))
        expect(new Set(answers.map(one => one.statusCode))).toEqual(new Set([503]))
      },
    )
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  it('metadata that names another issuer, or keys that are not https, are not believed', async () => {
    for (const lie of [
      { issuer: 'https://evil.example', jwks_uri: 'https://evil.example' },
      { jwks_uri: 'http://evil.example' },
    ]) {
      let self = ''
      await elsewhere(
        path => (path.includes('well-known') ? JSON.stringify({ issuer: self, ...lie }) : undefined),
        async issuer => {
          self = issuer
          expect(await told(await tokenOf(issuer), [world.configured({ issuer })])).toEqual([503, expect.any(String)])
        },
      )
    }
  })
})

describe('the config of an issuer', () => {
  it('plain http, shared secrets and no tenant are refused', () => {
    expect(() => world.configured({ issuer: 'http://login.example' })).toThrow()
    expect(() => world.configured({ algorithms: ['HS256' as never] })).toThrow()
    expect(() => world.configured({ tenantClaim: undefined })).toThrow()
    expect(() => world.configured({ tenant: 'curfew', tenantClaim: undefined })).toThrow()
  })
})
