import { createHash } from 'node:crypto'
import type { FastifyInstance, LightMyRequestResponse, onRouteHookHandler } from 'fastify'
import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { GrantEntry, SessionDetail } from '../../schemas/http.ts'
import type { CanaryStatus, StateStatus } from '../../schemas/status.ts'
import { tokenTable } from '../../services/api/authenticate.ts'
import { buildApi } from '../../services/api/build-api.ts'
import type { ApiParts } from '../../services/api/ports.ts'
import { lagAnswer } from '../../services/ledger/lag-answer.ts'
import { lagHistory } from '../../services/ledger/lag-history.ts'
import { memoryPlans } from './memory-plans.ts'

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const may = { lifecycle: false, grant: [], leak: false, admin: false }
const principals: Principal[] = [
  { id: 'orchestrator', tenant: 'acme', may: { ...may, lifecycle: true }, tokenSha256: sha256('orchestrator-token') },
  { id: 'issuer', tenant: 'acme', may: { ...may, grant: ['vault-a'] }, tokenSha256: sha256('issuer-token') },
  { id: 'boss', tenant: 'other', may: { ...may, admin: true, grant: ['vault-b'] }, tokenSha256: sha256('boss-token') },
  { id: 'tokenless', tenant: 'acme', may: { ...may, admin: true } },
]
/** One person of each role. */
export const people: Principal[] = (['viewer', 'replayer', 'revoker', 'approver'] as const).map(role => ({
  id: role,
  tenant: 'acme',
  may: { ...may, roles: [role] },
  tokenSha256: sha256(`${role}-token`),
}))
const stores = [{ id: 'vault-a' }, { id: 'vault-b' }] as never

export const stateOf = (change: Partial<StateStatus> = {}): StateStatus => ({
  now: 1_700_000_000_000,
  skewMs: 0,
  boundMs: 30_000,
  ready: true,
  complete: true,
  stores: [{ store: 'vault-a', alivePastDue: 0, overBound: 0, blockedByCode: {}, held: 0, outstanding: 0 }],
  alivePastDue: 0,
  overBound: 0,
  held: 0,
  outstanding: 0,
  next: [],
  nextWithin: { minutes5: 0, hour1: 0, hours24: 0 },
  caughtUpAgeMs: { grants: 500, lifecycle: 500 },
  deadLetters: 0,
  ...change,
})
export const youngCanary: CanaryStatus = {
  configured: true,
  store: 'vault-a',
  kind: 'vault.token',
  everyMs: 60_000,
  lastVerifiedAt: 1_699_999_988_000,
  ageMs: 12_000,
}

export type ApiWorld = {
  app: FastifyInstance
  parts: ApiParts
  appended: Fact[]
  accepted: { principal: Principal; body: string }[]
  logged: object[]
  call(
    method: 'GET' | 'POST',
    url: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<LightMyRequestResponse>
}

/** The API without a socket, over ports in memory. `local` is the token made at start. */
export const apiWorld = (
  change: {
    read?: Partial<ApiParts['read']>
    parts?: Partial<ApiParts>
    principals?: Principal[]
    onRoute?: onRouteHookHandler
  } = {},
): ApiWorld => {
  const appended: Fact[] = []
  const accepted: ApiWorld['accepted'] = []
  const logged: object[] = []
  const known = tokenTable({ principals: [...principals, ...(change.principals ?? people)], stores }, 'local')
  const parts: ApiParts = {
    now: () => 1_700_000_000_000,
    authenticate: async token => known(token),
    acceptEvent: (raw, principal) => {
      accepted.push({ principal, body: String(raw.body) })
      return Promise.resolve(1)
    },
    append: facts => {
      appended.push(...facts)
      return Promise.resolve()
    },
    read: {
      sessions: () => Promise.resolve({ sessions: [], complete: true }),
      session: () => Promise.resolve(undefined),
      grants: () => Promise.resolve({ grants: [], complete: true }),
      grant: () => Promise.resolve(undefined),
      story: () => Promise.resolve(undefined),
      receipts: () => Promise.resolve({ receipts: [], complete: true }),
      secrets: () => Promise.resolve([]),
      secret: () => Promise.resolve(undefined),
      status: () => Promise.resolve(stateOf()),
      clockSkewMs: () => Promise.resolve(0),
      canaries: () => Promise.resolve([youngCanary]),
      lastHour: () => ({ died: 0, impossible: 0, unproven: 0, goneBeforeSeen: 0, complete: true }),
      lag: ({ window }) =>
        lagAnswer(lagHistory(Date.now), { tenants: [], window, now: 0, boundMs: 30_000, complete: true }),
      expiries: () => Promise.resolve({ from: 0, stepMs: 60_000, counts: [], exact: true }),
      deadLetters: () => Promise.resolve([]),
      leakMatches: () => Promise.resolve({ alive: 0, dead: 0 }),
      ...change.read,
    },
    examine: () => Promise.resolve([]),
    replay: {
      letters: () => Promise.resolve({ letters: [], open: {}, complete: true }),
      plan: () => Promise.reject(new Error('nothing to replay')),
      find: () => Promise.resolve(undefined),
      apply: () => Promise.resolve(undefined),
    },
    plans: memoryPlans(),
    inbox: new Map(),
    understandLeak: () => Promise.resolve({ fingerprints: [], facts: [] }),
    fingerprints: () => Promise.resolve([`p1:${'0'.repeat(64)}`]),
    publicKey: { kty: 'EC', kid: 'i1' },
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'curfew_ready 1\n' }),
    log: entry => logged.push(entry),
    ...change.parts,
  }
  const app = buildApi(parts, change.onRoute)
  const call: ApiWorld['call'] = (method, url, { token, body, headers } = {}) =>
    app.inject({
      method,
      url,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return { app, parts, appended, accepted, logged, call }
}

const id = (digit: string) => digit.repeat(32)
export const grantEntry = (change: Partial<GrantEntry> = {}): GrantEntry => ({
  grant: id('a'),
  credential: id('b'),
  session: 's-1',
  tasks: ['t-1'],
  store: 'vault-a',
  kind: 'vault.token',
  handle: 'accessor-1',
  grantedAt: 1_699_999_000_000,
  state: 'live',
  ...change,
})
export const sessionDetail = (change: Partial<SessionDetail> = {}): SessionDetail => {
  const grants = change.grants ?? [grantEntry()]
  const settled = grants.filter(grant => grant.receipt).length
  const closed = change.closed ?? false
  const session = { session: 's-1', firstSeenAt: 1_699_999_000_000, grants: grants.length, settled, closed }
  return { session, grants, receipts: [], closed, ...change }
}
