import { describe, expect, it } from 'vitest'
import { apiWorld, sha256 } from '../support/api-world.ts'

const get = (path: string, token?: string) => apiWorld().call('GET', path, token === undefined ? {} : { token })

describe('the page’s files', () => {
  it('need no token and hold nothing of anybody; scripts, styles and connections come from here alone', async () => {
    const answer = await get('/')
    const policy = String(answer.headers['content-security-policy'])
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy).toContain(rule)
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(answer.body).not.toMatch(/<script(?![^>]*src="\/page\/)|style=|\son\w+=|https?:\/\//)
  })
  it('are JavaScript when they are asked for, without a type in them', async () => {
    const answer = await get('/page/headline.ts')
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(answer.body).toContain('export const headlineOf')
    expect(answer.body).not.toContain('import type')
  })
  it('come from a list: no path of a request reaches the disk', async () => {
    for (const path of ['..%2f..%2fpackage.json', 'tsconfig.json', 'uplot.d.ts', 'constructor', '__proto__'])
      expect([path, (await get(`/page/${path}`)).statusCode]).toEqual([path, 404])
  })
  it('are not sent again when they are known', async () => {
    const { call } = apiWorld()
    const { etag } = (await call('GET', '/page/page.css')).headers
    const again = await call('GET', '/page/page.css', { headers: { 'if-none-match': String(etag) } })
    expect([again.statusCode, again.body]).toEqual([304, ''])
  })
})

describe('what it reads', () => {
  it.each(['/v1/stream', '/v1/lag'])('%s needs a viewer', async path => {
    expect((await get(path)).statusCode).toBe(401)
    expect((await get(path, 'orchestrator-token')).statusCode).toBe(403)
  })
  it('the lag is asked for in the tenant of who asks, and in a window that there is', async () => {
    const asked: string[][] = []
    const { call, parts } = apiWorld()
    const { lag } = parts.read
    parts.read.lag = query => {
      asked.push(query.tenants)
      return lag(query)
    }
    expect((await call('GET', '/v1/lag?window=24h', { token: 'boss-token' })).json()).toMatchObject({
      window: '24h',
      buckets: 144,
    })
    expect(asked).toEqual([['other']])
    expect((await call('GET', '/v1/lag?window=2y', { token: 'boss-token' })).statusCode).toBe(400)
  })
  it('a viewer’s role is enough, and sees its own tenant only', async () => {
    const viewer = {
      id: 'v',
      tenant: 'acme',
      may: { lifecycle: false, grant: [], leak: false, admin: false, roles: ['viewer' as const] },
    }
    const { call } = apiWorld({
      parts: { authenticate: async token => (sha256(token) === sha256('v') ? viewer : undefined) },
    })
    expect((await call('GET', '/v1/lag', { token: 'v' })).statusCode).toBe(200)
  })
})
