import { beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '../../schemas/config.ts'
import { planHash } from '../../schemas/http-plans.ts'
import { type HttpRoute, httpRoutes } from '../../schemas/http-routes.ts'
import type { ApiParts } from '../../services/api/ports.ts'
import { hashOfPlan } from '../../services/pipeline/plans.ts'
import { type ApiWorld, apiWorld, grantEntry, sessionDetail, sha256 } from '../support/api-world.ts'
import { memoryPlans, planned } from '../support/memory-plans.ts'

const roles = ['viewer', 'replayer', 'revoker', 'approver'] as const
const combinations = Array.from({ length: 2 ** roles.length }, (_, bits) => roles.filter((_role, i) => bits & (1 << i)))
const none = { lifecycle: false, grant: [], leak: false, admin: false }

/** Every combination of roles in the tenant whose things are asked for and in another one, and who has no role but a right to send. */
const principals: Principal[] = ['acme', 'other'].flatMap(tenant => {
  const mays: Principal['may'][] = [
    ...combinations.map(some => ({ ...none, roles: some })),
    { ...none, lifecycle: true },
    { ...none, leak: true },
    { ...none, grant: ['vault-a'] },
    { ...none, lifecycle: true, leak: true, roles: ['viewer'] as const as never },
    { ...none, admin: true },
    none,
  ]
  return mays.map((may, i) => ({ id: `${tenant}-${i}`, tenant, may, tokenSha256: sha256(`${tenant}-${i}`) }))
})

/** The rule, said once more and independently: who looks is anybody with a role. */
const mayAsk = ({ may }: Principal, who: HttpRoute['who']): boolean => {
  if (!Array.isArray(who) || may.admin || who.includes('known')) return true
  const own = new Set<string>([
    ...(may.roles ?? []),
    ...(may.lifecycle ? ['lifecycle'] : []),
    ...(may.leak ? ['leak'] : []),
  ])
  if ((may.roles ?? []).length > 0) own.add('viewer')
  return who.some(right => own.has(right))
}

const secretOfAcme = 'only-acme-may-see-this'
const ofAcme = (tenants: string[]) => tenants.includes('acme')
const living = planned(2)
const selector = { store: 'vault-a' }
const hash = hashOfPlan('acme', selector, { items: living, ends: [] })

const noStreams: ApiParts['ssf'] = {
  configuration: {},
  keys: {},
  streams: [],
  poll: () => Promise.reject(new Error('no stream')),
  verify: () => Promise.reject(new Error('no stream')),
}

/** An API whose every answer about acme carries a mark, and a plan of acme's. */
const matrixWorld = async (): Promise<ApiWorld & { routes: { method: string; url: string }[] }> => {
  const grant = grantEntry({ handle: secretOfAcme })
  const plans = Object.assign(memoryPlans(), { living })
  const routes: { method: string; url: string }[] = []
  const secret = {
    secret: 'one',
    keeper: { store: 'kv', name: secretOfAcme },
    issuer: 'vault-a',
    state: 'standing',
    living: 0,
  }
  const detail = { secret, versions: [], rotations: [] }
  const world = apiWorld({
    principals,
    onRoute: ({ method, url }) => void routes.push(...[method].flat().map(one => ({ method: one, url }))),
    parts: { plans, ssf: noStreams },
    read: {
      sessions: async ({ tenants }) => ({ sessions: ofAcme(tenants) ? [sessionDetail().session] : [], complete: true }),
      session: async tenants => (ofAcme(tenants) ? sessionDetail({ grants: [grant] }) : undefined),
      grants: async ({ tenants }) => ({ grants: ofAcme(tenants) ? [grant] : [], complete: true }),
      grant: async tenants => (ofAcme(tenants) ? grant : undefined),
      secrets: async tenants => (ofAcme(tenants) ? [secret as never] : []),
      secret: async tenants => (ofAcme(tenants) ? (detail as never) : undefined),
    },
  })
  const plan = { plan: 'pl_0000000000', hash, selector, reason: secretOfAcme, by: 'somebody', cap: 5, expiresAt: 2e12 }
  await plans.save({ tenant: 'acme', plan: plan as never, items: living, ends: [] })
  await world.app.ready()
  return { ...world, routes }
}

const id = 'a'.repeat(32)
/** What is sent to each path: something that exists in acme. */
const urlOf = ({ path }: HttpRoute) =>
  path
    .replace('/v1/sessions/:id', '/v1/sessions/s-1')
    .replace('/v1/grants/:id', `/v1/grants/${id}`)
    .replace('/v1/secrets/:id', '/v1/secrets/one')
    .replace('/v1/plans/:id', '/v1/plans/pl_0000000000')
const bodies: Record<string, unknown> = {
  '/v1/revocations': { grant: id, reason: 'x' },
  '/v1/plans': { selector, reason: 'x' },
  '/v1/plans/:id/approval': { hash },
  '/v1/plans/:id/apply': { hash },
  '/v1/rotations': { secret: 'one', reason: 'x' },
  '/v1/events': {},
  '/v1/fingerprints': { sealed: 'a.b.c.d.e' },
  '/v1/leaks': { findings: [{ id: 'f', sealed: ['a.b.c.d.e'] }] },
}
const bodyOf = ({ method, path }: HttpRoute) => (method === 'GET' ? {} : { body: bodies[path] ?? {} })

/** A stream that is allowed never ends: its first bytes are enough. */
const ask = async ({ app, call }: ApiWorld, row: HttpRoute, token: string) => {
  if (row.path !== '/v1/stream') return call(row.method as 'GET', urlOf(row), { token, ...bodyOf(row) })
  const headers = { authorization: `Bearer ${token}` }
  const { statusCode, stream } = await app.inject({ method: 'GET', url: row.path, headers, payloadAsStream: true })
  let body = ''
  for await (const chunk of stream()) {
    body += String(chunk)
    if (statusCode === 200) break
  }
  return { statusCode, body, json: () => (statusCode === 200 ? undefined : JSON.parse(body)) }
}

let shared: Awaited<ReturnType<typeof matrixWorld>>
beforeAll(async () => {
  shared = await matrixWorld()
})

/** A row that ends in `*` and is not documented covers what is below. */
const covers = (row: HttpRoute, url: string) =>
  row.path === url || (row.undocumented === true && row.path.endsWith('*') && url.startsWith(row.path.slice(0, -1)))

describe('every route x every role x own and foreign tenant', () => {
  it('every route that the server has is in the table of schemas/http-routes.ts, and the other way round', () => {
    const registered = shared.routes.filter(one => one.method !== 'HEAD' && one.method !== 'OPTIONS')
    const missing = registered.filter(one => !httpRoutes.some(row => row.method === one.method && covers(row, one.url)))
    expect(missing, 'registered, and not in the table').toEqual([])
    const gone = httpRoutes.filter(row => !registered.some(one => one.method === row.method && covers(row, one.url)))
    expect(
      gone.map(row => `${row.method} ${row.path}`),
      'in the table, and not registered',
    ).toEqual([])
  })

  const guarded = httpRoutes.filter(row => Array.isArray(row.who))
  for (const row of guarded)
    it(`${row.method} ${row.path}: who may, and nobody else`, async () => {
      const unexpected: string[] = []
      const world = await matrixWorld()
      const { appended } = world
      for (const principal of principals) {
        appended.length = 0
        const answer = await ask(world, row, principal.id)
        const refused = answer.statusCode === 401 || answer.json()?.code === 'not_allowed'
        const name = `${principal.id} ${JSON.stringify(principal.may)} ${answer.statusCode}`
        if (refused === mayAsk(principal, row.who)) unexpected.push(name)
        if (refused && appended.length > 0) unexpected.push(`${name}: something was done`)
        if (principal.tenant === 'other') {
          if (answer.body.includes(secretOfAcme)) unexpected.push(`${name}: shown to another tenant`)
          const ours = JSON.stringify(appended)
          if (living.some(one => ours.includes(one.cid)) || ours.includes(grantEntry().credential))
            unexpected.push(`${name}: done to another tenant`)
        }
      }
      expect(unexpected).toEqual([])
    })

  it('without a token or with a wrong one there is nothing behind any of them, GET or HEAD', async () => {
    for (const row of guarded)
      for (const headers of [{}, { authorization: 'Bearer nobody' }, { authorization: 'Basic YTpi' }]) {
        const methods = row.method === 'GET' ? (['GET', 'HEAD'] as const) : [row.method as 'POST']
        for (const method of methods) {
          const answer = await shared.call(method as 'GET', urlOf(row), { headers, ...bodyOf(row) })
          expect([row.path, method, answer.statusCode]).toEqual([row.path, method, 401])
        }
      }
    expect(shared.appended).toEqual([])
  })

  it('the local token may all but be the second person', async () => {
    for (const row of guarded) {
      const answer = await ask(await matrixWorld(), row, 'local')
      expect([row.path, answer.json()?.code === 'not_allowed', answer.statusCode === 401]).toEqual([
        row.path,
        false,
        false,
      ])
      if (row.path.endsWith('/approval')) expect(answer.json().code).toBe('not_a_person')
    }
  })

  it('the table needs a hash of 64 hex digits, so that no other text can be one', () => {
    expect(planHash.safeParse(hash).success).toBe(true)
    expect(planHash.safeParse(`${hash} `).success).toBe(false)
  })
})
