import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEnvKeyMcpServer } from '../../infra/sample/env-key-mcp-server.ts'
import { type KeyProduct, startKeyProduct } from '../../infra/sample/key-product.ts'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import { plainCall } from '../support/key-api.ts'

type Account = KeyProduct['account']
let product: KeyProduct
let token: string
beforeAll(async () => {
  product = await startKeyProduct()
  token = await signedIn(product.account)
})
afterAll(() => product.close())

const signIn = (account: Account, headers = {}) =>
  plainCall('POST', `${product.address}/api/auth/sign-in/email`, headers, account)
const signedIn = async (account: Account) => String((await signIn(account)).body.token)
const call = (method: string, path: string, body?: unknown, as = token) =>
  plainCall(method, `${product.address}/api/auth/api-key/${path}`, { authorization: `Bearer ${as}` }, body)
const said = async (reply: ReturnType<typeof call>) => {
  const { status, body } = await reply
  return [status, body.code]
}
const notFound = [404, 'KEY_NOT_FOUND']

describe('the API of the key product (better-auth 1.7.5)', () => {
  it('an account signs in; the session is in the answer, its cookie and `set-auth-token`', async () => {
    const { status, headers, body } = await signIn(product.account)
    expect([status, typeof body.token, headers['set-cookie']]).toEqual([
      200,
      'string',
      [expect.stringMatching(/^better-auth\.session_token=.*Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/)],
    ])
    expect(headers['set-auth-token']).toMatch(`${body.token}.`)
    expect((await signIn({ ...product.account, password: 'another one' })).status).toBe(401)
  })
  it('a browser-like sign-in (`fetch`) without an origin is refused with 403', async () => {
    expect((await signIn(product.account, { 'sec-fetch-mode': 'cors' })).body.code).toBe('MISSING_OR_NULL_ORIGIN')
    expect((await signIn(product.account, { 'sec-fetch-mode': 'cors', origin: product.address })).status).toBe(200)
  })
  it('makes a key of whole days, shown once; its name may be taken, and has 32 characters at most', async () => {
    const { status, body } = await call('POST', 'create', { name: 'twice', expiresIn: 86_400 })
    expect([status, await product.opens(String(body.key))]).toEqual([200, true])
    expect((await call('POST', 'create', { name: 'twice' })).body.expiresAt).toBeNull()
    expect((await call('GET', `get?id=${body.id}`)).body).not.toHaveProperty('key')
    expect(await said(call('POST', 'create', { expiresIn: 86_399 }))).toEqual([400, 'EXPIRES_IN_IS_TOO_SMALL'])
    expect(await said(call('POST', 'create', { name: 'n'.repeat(33) }))).toEqual([400, 'INVALID_NAME_LENGTH'])
  })
  it('lists the keys of the account alone, in pages', async () => {
    const theirs = await product.issueKeyOf(product.other)
    const all = (await call('GET', 'list')).body as { apiKeys: { id: string }[]; total: number }
    expect(all.total).toBe(all.apiKeys.length)
    expect(all.apiKeys.map(({ id }) => id)).not.toContain(theirs.grant.handle)
    const page = (await call('GET', 'list?limit=1&offset=1&sortBy=createdAt&sortDirection=desc')).body
    expect(page).toMatchObject({ total: all.total, limit: 1, offset: 1, apiKeys: [{ enabled: true }] })
  })
  it('a disabled key is refused, and its owner can enable it again', async () => {
    const key = await product.issueKey()
    const keyId = key.grant.handle
    expect((await call('POST', 'update', { keyId, enabled: false })).body.enabled).toBe(false)
    expect(await key.use()).toBe('refused')
    expect((await call('GET', `get?id=${keyId}`)).body.enabled).toBe(false)
    await call('POST', 'update', { keyId, enabled: true })
    expect(await key.use()).toBe('accepted')
  })
  it('a deleted key is refused, and is not found any more', async () => {
    const key = await product.issueKey({ shown: true })
    const keyId = key.grant.handle
    expect([await key.use(), key.shown]).toEqual(['accepted', key.values[0]])
    expect(await call('POST', 'delete', { keyId })).toMatchObject({ status: 200, body: { success: true } })
    expect(await key.use()).toBe('refused')
    expect(await said(call('POST', 'delete', { keyId }))).toEqual(notFound)
    expect(await said(call('GET', `get?id=${keyId}`))).toEqual(notFound)
  })
  it("another owner's living key is `not found`, and lives", async () => {
    const theirs = await product.issueKeyOf(product.other)
    const keyId = theirs.grant.handle
    expect(await said(call('POST', 'delete', { keyId }))).toEqual(notFound)
    expect(await said(call('POST', 'update', { keyId, enabled: false }))).toEqual(notFound)
    expect(await said(call('GET', `get?id=${keyId}`))).toEqual(notFound)
    expect(await theirs.use()).toBe('accepted')
  })
})

describe('what outlives a key', () => {
  it('an open stream goes on after the key is deleted; a new use of its session is refused', async () => {
    const key = await product.issueKey()
    const headers = { authorization: `Bearer ${key.values[0]}`, accept: 'application/json, text/event-stream' }
    const clientInfo = { name: 'test', version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const first = await fetch(product.mcpUrl, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    })
    await first.text()
    const session = { ...headers, 'mcp-session-id': first.headers.get('mcp-session-id') ?? '' }
    const stream = await fetch(product.mcpUrl, { headers: session })
    const reader = stream.body?.getReader()
    await call('POST', 'delete', { keyId: key.grant.handle })
    await product.mcp.broadcast('after the end')
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('after the end')
    await reader?.cancel()
    const next = await fetch(product.mcpUrl, { method: 'DELETE', headers: session })
    expect([next.status, product.mcp.sessions()]).toEqual([401, 1])
  })
})

describe('the trouble of the key product', () => {
  it('lost sessions are 401', async () => {
    const other = await signedIn(product.other)
    product.loseSessions()
    expect(await said(call('GET', 'list', undefined, other))).toEqual([401, 'UNAUTHORIZED'])
    expect(await said(call('POST', 'create', {}, other))).toEqual([401, 'UNAUTHORIZED_SESSION'])
    token = await signedIn(product.account)
  })
  it('while it cannot read its keys the door refuses living ones', async () => {
    const key = await product.issueKey()
    const mend = product.breakDatabase()
    expect([await key.use(), (await call('GET', 'list')).status]).toEqual(['refused', 500])
    mend()
    expect(await key.use()).toBe('accepted')
  })
  it('it starts again at the same address with the same data, and its door does not need its API', async () => {
    const key = await product.issueKey()
    await product.stopApi()
    await expect(call('GET', 'list')).rejects.toThrow('ECONNREFUSED')
    expect(await key.use()).toBe('accepted')
    await product.startApi()
    expect((await call('GET', 'list')).status).toBe(200)
    const { address, mcpUrl, again } = product
    await product.close()
    product = await startKeyProduct(again)
    expect([product.address, product.mcpUrl]).toEqual([address, mcpUrl])
    expect([(await call('GET', 'list')).status, await key.use()]).toEqual([200, 'accepted'])
  })
  it('in production a fourth sign-in is 429, without Retry-After', async () => {
    const limited = await startKeyProduct({ limits: true })
    const again = () => plainCall('POST', `${limited.address}/api/auth/sign-in/email`, {}, { email: 'a@b.example' })
    const replies = [await again(), await again(), await again(), await again()]
    await limited.close()
    expect(replies.map(({ status }) => status)).toEqual([400, 400, 400, 429])
    expect(replies[3]?.headers).toMatchObject({ 'x-retry-after': '10' })
    expect(replies[3]?.headers).not.toHaveProperty('retry-after')
  })
})

describe('a server that knows one key from its environment', () => {
  const seen = async (key: string) => {
    const server = await startEnvKeyMcpServer({ key })
    const answers = [await tryMcp(server.mcpUrl, 'the-key'), await tryMcp(server.mcpUrl, 'random')]
    await server.close()
    return answers.map(answer => answer.seen)
  }
  it('accepts that key only', async () => expect(await seen('the-key')).toEqual(['accepted', 'refused']))
  it('accepts everybody when its key is empty', async () => expect(await seen('')).toEqual(['accepted', 'accepted']))
})
