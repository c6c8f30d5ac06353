import { describe, expect, it } from 'vitest'
import { apiWorld, sessionDetail } from '../support/api-world.ts'

type Who = 'nobody' | 'wrong-token' | 'issuer-token' | 'orchestrator-token' | 'boss-token' | 'local'
type Row = [method: 'GET' | 'POST', path: string, answers: Partial<Record<Who, number>>]

const adminOnly = {
  nobody: 401,
  'wrong-token': 401,
  'issuer-token': 403,
  'orchestrator-token': 403,
  'boss-token': 200,
  local: 200,
}
const anyone = { nobody: 200, 'wrong-token': 200 }
const rows: Row[] = [
  ['GET', '/v1/sessions', adminOnly],
  ['GET', '/v1/sessions/s-1', { ...adminOnly, 'orchestrator-token': 200 }],
  ['GET', '/v1/grants', adminOnly],
  ['GET', '/v1/receipts', adminOnly],
  ['GET', '/v1/status', adminOnly],
  ['GET', '/v1/keys', { ...adminOnly, 'issuer-token': 200, 'orchestrator-token': 200 }],
  ['POST', '/v1/revocations', { nobody: 401, 'wrong-token': 401, 'issuer-token': 403, 'orchestrator-token': 403 }],
  ['POST', '/v1/fingerprints', { nobody: 401, 'wrong-token': 401, 'issuer-token': 403, 'orchestrator-token': 403 }],
  [
    'POST',
    '/v1/events',
    { nobody: 401, 'wrong-token': 401, 'issuer-token': 202, 'orchestrator-token': 202, local: 202 },
  ],
  ['GET', '/healthz', anyone],
  ['GET', '/metrics', anyone],
]

describe('who may do what over HTTP', () => {
  for (const [method, path, answers] of rows)
    for (const [who, status] of Object.entries(answers))
      it(`${method} ${path} answers ${status} to ${who}`, async () => {
        const { call } = apiWorld({ read: { session: () => Promise.resolve(sessionDetail()) } })
        const body = method === 'POST' ? { body: { reason: 'x' } } : {}
        const answer = await call(method, path, { ...(who === 'nobody' ? {} : { token: who }), ...body })
        expect(answer.statusCode).toBe(status)
        if (status >= 400) expect(answer.json()).toEqual({ code: expect.any(String), message: expect.any(String) })
      })

  it('a principal without a token in the config cannot be anybody over HTTP', async () => {
    const { parts } = apiWorld()
    for (const token of ['', 'tokenless', 'undefined']) expect(await parts.authenticate(token)).toBeUndefined()
  })

  it('an event is accepted as the principal of its token, and the local one has every right in its tenant', async () => {
    const { call, accepted } = apiWorld()
    await call('POST', '/v1/events', { token: 'orchestrator-token', body: '{}' })
    await call('POST', '/v1/events', { token: 'local', body: '{}' })
    expect(accepted.map(one => one.principal.id)).toEqual(['orchestrator', 'local'])
    // vault-b belongs to another tenant's principals.
    expect(accepted[1]?.principal).toMatchObject({
      tenant: 'acme',
      may: { lifecycle: true, leak: true, grant: ['vault-a'] },
    })
  })

  it('reads are asked for the own tenant only', async () => {
    const asked: string[][] = []
    const { call } = apiWorld({
      read: {
        sessions: ({ tenants }) => {
          asked.push(tenants)
          return Promise.resolve({ sessions: [], complete: true })
        },
      },
    })
    await call('GET', '/v1/sessions', { token: 'local' })
    await call('GET', '/v1/sessions', { token: 'boss-token' })
    expect(asked).toEqual([['acme'], ['other']])
  })

  it('an unknown sender is refused before the body is read', async () => {
    const { call, accepted } = apiWorld()
    const answer = await call('POST', '/v1/events', { token: 'wrong', body: 'x'.repeat(300_000) })
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(accepted).toEqual([])
  })
})
