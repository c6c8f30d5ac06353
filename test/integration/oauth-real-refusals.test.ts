import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { oauthWork } from '../support/lying-oauth-work.ts'
import { oauthStores } from '../support/oauth-world.ts'
import { sharedStack } from '../support/stack.ts'

// The same nasty cases against a real authorization server (oidc-provider) and a real MCP server behind it.
let stores: ReturnType<typeof oauthStores>
let server: OauthServer
beforeEach(async () => {
  stores = oauthStores((await sharedStack()).addresses.redisUrl)
  server = await startOauthServer()
})
afterEach(async () => {
  await stores.close()
  await server.close()
})

const work = ({ shown = '', grant }: SampleCredential, options: Parameters<typeof oauthWork>[3] = {}) => {
  const { issuer, mcpUrl, clients } = server
  const real = { issuer, doorUrl: mcpUrl, client: (name: 'agent' | 'curfew' | 'stranger') => clients[name] }
  return oauthWork(stores, real, shown, { seenBy: 'curfew', kind: grant.kind, ...options })
}
const asClient = async (path: string, { clientId, clientSecret } = server.clients.curfew, form = {}) => {
  const answer = await fetch(server.issuer + path, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams(form),
  })
  return { status: answer.status, text: await answer.text() }
}

it('a client that may not revoke is told so: blocked with its name, and the token lives', async () => {
  const held = await server.issueAccessToken()
  const one = work(held, { revoker: 'stranger' })
  expect(await one.attempt()).toMatchObject({ state: 'again' })
  expect(one.blocked()).toMatchObject({ code: 'permission', detail: expect.stringContaining('"stranger" is refused') })
  expect(one.outcomes()).toEqual([])
  expect(await held.use()).toBe('accepted')
})

it('a client that may not look up is told "inactive" of a living token: not believed', async () => {
  const held = await server.issueAccessToken()
  const said = await asClient('/token/introspection', server.clients.stranger, { token: held.shown })
  expect(said).toEqual({ status: 200, text: '{"active":false}' })
  const one = work(held, { introspector: 'stranger' })
  expect(await one.store.probe(one.credential, 'kill')).toMatchObject({ state: 'dead', witnesses: ['stranger'] })
  expect(await held.use(), 'the store alone would be wrong').toBe('accepted')
  await one.attempt()
  expect(one.blocked()).toMatchObject({ detail: expect.stringContaining('stranger was never told') })
  expect(one.outcomes()).toEqual([])
  expect(await held.use(), 'the step was taken all the same').toBe('refused')
})

it('the access token of a deleted client lives on; it is ended, proven dead, and its client’s return changes nothing', async () => {
  const held = await server.issueAccessToken()
  const one = work(held, { door: true })
  await server.deleteClient('agent')
  expect(await held.use(), 'its client is gone, it is not').toBe('accepted')
  expect(await one.attempt()).toEqual({ state: 'over' })
  expect(one.outcomes()).toMatchObject([{ outcome: 'verified', evidence: 'used', steppedAt: expect.any(Number) }])
  expect(await held.use()).toBe('refused')
  await server.registerClient('agent')
  expect(await held.use(), 'also with its client back').toBe('refused')
})

it('the refresh token of a deleted client cannot be looked up: ended, and honestly not verified', async () => {
  const held = await server.issueRefreshToken()
  const one = work(held)
  await server.deleteClient('agent')
  const said = await asClient('/token/introspection', server.clients.curfew, { token: held.shown })
  expect(said.status, 'the provider fails over the missing client').toBe(500)
  expect(await one.attempt()).toEqual({ state: 'over' })
  expect(one.outcomes()).toMatchObject([{ outcome: 'impossible', reason: expect.stringContaining('successor') }])
  await server.registerClient('agent')
  expect(await held.use(), 'dead, though nobody may say that our step did it').toBe('refused')
})

it('no hint is sent: what the provider does with a wrong one does not matter', async () => {
  const held = await server.issueAccessToken()
  const form = { token: held.shown, token_type_hint: 'refresh_token' }
  expect((await asClient('/token/introspection', server.clients.curfew, form)).status).toBe(200)
  const sent: string[] = []
  const record = (message: unknown) =>
    void sent.push(String((message as { request: { body: Buffer | string | null } }).request.body))
  subscribe('undici:request:create', record)
  await work(held).attempt()
  unsubscribe('undici:request:create', record)
  expect(sent.filter(body => body.includes(held.shown ?? '-')).length, 'looked up and revoked').toBeGreaterThan(1)
  expect(sent.filter(body => body.includes('token_type_hint'))).toEqual([])
  expect(await held.use()).toBe('refused')
})
