import type { CredentialKind } from '../../schemas/grant.ts'
import type { GrantEntry } from '../../schemas/http.ts'
import type { SecretEntry } from '../../schemas/http-secrets.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { CanaryStatus, StoreStatus } from '../../schemas/status.ts'
import type { ApiParts } from '../../services/api/ports.ts'
import { lagAnswer } from '../../services/ledger/lag-answer.ts'
import { lagHistory } from '../../services/ledger/lag-history.ts'
import { stateOf } from './api-world.ts'
import { random as seeded } from './random.ts'

/** What the page is shown in tests and screenshots: invented worlds over the real API, whose clock is the real one. */
export type Scene = Partial<ApiParts['read']>
type Cause = Receipt['cause']

const hex = (n: number) => n.toString(16).padStart(32, '0')
const stores = ['vault-prod', 'aws-eu', 'mcp-github']
const kinds = ['vault.token', 'aws.secret', 'api.key'] as const
const handles = [
  'hvs.CAESIJ7Q2M9fK2xAcc3ssor0Kd83',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:agent/run-4411-Ab3dEf',
  'ghk_01HZX7R7Q0M9',
]
const agents = ['deploy-bot', 'reviewer', 'triage', 'release']
const minute = 60_000

export const grant = (n: number, change: Partial<GrantEntry> = {}): GrantEntry => ({
  grant: hex(n),
  credential: hex(n + 0x1000),
  session: `run-${4_400 + n} (${agents[n % agents.length]})`,
  tasks: n % 3 === 0 ? [`task-${n}`] : [],
  store: stores[n % 3] ?? '',
  kind: kinds[n % 3] ?? 'vault.token',
  handle: `${handles[n % 3]}${n}`,
  grantedAt: Date.now() - 40 * minute,
  seenAliveAt: Date.now() - 40 * minute + 900,
  expiresAt: Date.now() + (n + 1) * 47_000,
  state: 'live',
  dueAt: Date.now() + (n + 1) * 47_000,
  ...change,
})

const receiptOf = (n: number, at: number, cause: Cause, lagMs: number, change: Partial<Receipt> = {}): Receipt => ({
  receipt: hex(n + 0x2000),
  credential: hex(n + 0x1000),
  epoch: 0,
  outcome: 'verified',
  store: stores[n % 3] ?? '',
  kind: kinds[n % 3] ?? 'vault.token',
  handle: `${handles[n % 3]}${n}`,
  cause,
  dueAt: at - lagMs,
  steppedAt: at - lagMs * 0.35,
  deadSince: at,
  settledAt: at + 6 + (n % 3) * 40,
  evidence: 'target',
  attempts: 1,
  grants: [{ tenant: 'acme', session: `run-${n}`, tasks: [], cause }],
  ...change,
})

/** A week of deaths, denser towards now; in an incident, the last minutes of one store are slow. */
const lived = (incident: boolean) => {
  const history = lagHistory(Date.now)
  const { below } = seeded(7)
  const random = () => below(1_000_000) / 1_000_000
  const causes: Cause[] = ['session_ended', 'task_finished', 'expired', 'session_ended', 'expired', 'forced', 'leaked']
  const now = Date.now()
  let n = 0
  const die = (at: number) => {
    n += 1
    const slow = incident && n % 3 === 0 && at > now - 11 * minute
    const base = [28, 140, 75][n % 3] ?? 50
    const lagMs = slow ? 4_000 + random() * 140_000 : base * Math.exp((random() + random() + random() - 1.5) * 1.6)
    const cause = causes[Math.floor(random() * random() * causes.length)] ?? 'expired'
    history.add(receiptOf(n, at, incident && at > now - 9 * minute && n % 2 === 0 ? 'forced' : cause, lagMs))
  }
  for (let at = now - 7 * 86_400_000; at < now - 86_400_000; at += 400_000 * (0.5 + random())) die(at)
  for (let at = now - 86_400_000; at < now - 3_600_000; at += 60_000 * (0.4 + random())) die(at)
  for (let at = now - 3_600_000; at < now; at += 2_600 * (0.4 + random())) die(at)
  return history
}

const store = (id: string, change: Partial<StoreStatus> = {}): StoreStatus => ({
  store: id,
  alivePastDue: 0,
  overBound: 0,
  blockedByCode: {},
  held: 0,
  outstanding: 0,
  ...change,
})

const secrets = (): SecretEntry[] => {
  const now = Date.now()
  const base = { keeper: { store: 'vault-kv', name: 'mcp/search' }, issuer: 'mcp-github', living: 1 }
  const taken = (...names: string[]) => names.map((step, i) => ({ step: step as 'issued', at: now - 20_000 + i * 900 }))
  return [
    {
      ...base,
      secret: 'search-key',
      state: 'rotating',
      rotation: {
        rotation: crypto.randomUUID(),
        cause: 'scheduled',
        compromised: false,
        requestedAt: now - 21_000,
        state: 'running',
        steps: taken('issuing', 'issued', 'staged', 'tested', 'promoted', 'picked_up'),
      },
    },
    {
      ...base,
      secret: 'notes-key',
      state: 'blocked',
      problem: {
        since: now - 95_000,
        step: 'stage',
        code: 'forbidden',
        detail: '403 on kv/data/mcp/notes: the policy lacks update',
      },
      rotation: {
        rotation: crypto.randomUUID(),
        cause: 'leaked',
        compromised: true,
        requestedAt: now - 99_000,
        state: 'running',
        steps: taken('issuing', 'issued'),
      },
    },
    {
      ...base,
      secret: 'db-reporting',
      living: 0,
      state: 'standing',
      nextAt: now + 3 * 3_600_000,
      last: {
        rotation: crypto.randomUUID(),
        cause: 'scheduled',
        compromised: false,
        requestedAt: now - 9e6,
        state: 'ended',
        steps: taken('issued'),
        result: 'done',
        endedAt: now - 8_990_000,
      },
    },
  ]
}

const coming = () => ({
  from: Date.now(),
  stepMs: minute,
  counts: Array.from({ length: 60 }, (_, i) => Math.round(18 + 14 * Math.sin(i / 5) + (i % 15 === 0 ? 60 : 0))),
  exact: true,
})

const canaryOf = (store: string, kind: CredentialKind, ageMs: number): CanaryStatus => ({
  configured: true,
  store,
  kind,
  everyMs: minute,
  lastVerifiedAt: Date.now() - ageMs,
  ageMs,
})
/** Two of one store, of several kinds. */
const canaries = () =>
  Promise.resolve([
    canaryOf('vault-prod', 'vault.token', 12_000),
    canaryOf('vault-prod', 'vault.lease', 9_000),
    canaryOf('mcp-keys', 'api.key', 11_000),
  ])

const ended = () => {
  const now = Date.now()
  const exposed = receiptOf(9_001, now - 4 * minute, 'session_ended', 30, {
    outcome: 'impossible',
    exposedUntil: now + 22 * minute,
    handle: 'batch hvb.AAAAAQJ1',
    reason: 'batch tokens cannot be revoked',
  })
  const { deadSince: _, ...impossible } = exposed
  return [
    impossible,
    receiptOf(9_002, now - 55 * minute, 'leaked', 849, { handle: 'search key 7f' }),
    receiptOf(9_003, now - 130 * minute, 'leaked', 1_204, { handle: 'ghk_01HZX7R7' }),
  ]
}

const common = (incident: boolean): Scene => {
  const history = lived(incident)
  const receipts = ended()
  return {
    canaries,
    lag: ({ window, tenants }) =>
      lagAnswer(history, { tenants, window, now: Date.now(), boundMs: 30_000, complete: true }),
    receipts: () => Promise.resolve({ receipts, complete: true }),
    expiries: () => Promise.resolve(coming()),
    secrets: () => Promise.resolve(secrets().slice(incident ? 0 : 2)),
    session: () => Promise.resolve(undefined),
  }
}
const lastHour = (lag: { p50: number; p99: number; max: number }) => () => ({
  died: 1_204,
  impossible: 2,
  unproven: 0,
  goneBeforeSeen: 3,
  complete: true,
  lagMs: lag,
})
const living = () => Array.from({ length: 100 }, (_, i) => grant(i))

export const wellScene = (): Scene => ({
  ...common(false),
  lastHour: lastHour({ p50: 41, p99: 380, max: 2_100 }),
  status: () =>
    Promise.resolve(
      stateOf({
        now: Date.now(),
        stores: [
          store('vault-prod', { outstanding: 811 }),
          store('aws-eu', { outstanding: 96 }),
          store('mcp-github', { outstanding: 340 }),
        ],
        outstanding: 1_247,
        nextWithin: { minutes5: 112, hour1: 1_102, hours24: 1_247 },
      }),
    ),
  grants: ({ alivePastDue }) => Promise.resolve({ grants: alivePastDue ? [] : living(), complete: alivePastDue }),
  grant: (_tenants, id) => Promise.resolve(living().find(one => one.grant === id)),
})

const began = Date.now()
const blockedGrants = () => {
  const blocked = {
    since: began - 240_000,
    code: 'forbidden',
    detail: '403 on sys/leases/revoke: the policy lacks update',
  }
  const at = (ms: number) => ({ dueAt: began - ms, pastDueMs: Date.now() - began + ms })
  return [
    grant(0, { state: 'blocked', cause: 'session_ended', attempts: 14, blocked, ...at(252_000) }),
    grant(3, { state: 'blocked', cause: 'task_finished', attempts: 12, blocked, ...at(191_000) }),
    grant(6, { state: 'blocked', cause: 'leaked', attempts: 9, blocked, ...at(118_000) }),
    grant(5, { state: 'held', cause: 'idle', heldSince: began - 80_000, ...at(84_000) }),
    grant(1, { state: 'due', cause: 'session_ended', attempts: 1, ...at(600) }),
  ]
}
export const incidentScene = (): Scene => {
  const due = blockedGrants()
  return {
    ...common(true),
    lastHour: lastHour({ p50: 96, p99: 84_000, max: 252_000 }),
    deadLetters: () =>
      Promise.resolve([
        { topic: 'task-lifecycle', reason: 'invalid_data', count: 41 },
        { topic: 'credential-grants', reason: 'not_allowed', count: 3 },
      ]),
    status: () =>
      Promise.resolve(
        stateOf({
          now: Date.now(),
          stores: [
            store('vault-prod', {
              outstanding: 811,
              alivePastDue: 3,
              overBound: 3,
              oldestPastDueMs: Date.now() - began + 252_000,
              ...(due[0]?.blocked ? { blocked: due[0].blocked } : {}),
            }),
            store('aws-eu', { outstanding: 96, alivePastDue: 1 }),
            store('mcp-github', { outstanding: 340, alivePastDue: 1, held: 1 }),
          ],
          alivePastDue: 5,
          overBound: 4,
          oldestPastDueMs: Date.now() - began + 252_000,
          held: 1,
          outstanding: 1_247,
          deadLetters: 44,
          nextWithin: { minutes5: 112, hour1: 1_102, hours24: 1_247 },
        }),
      ),
    grants: ({ alivePastDue }) => Promise.resolve({ grants: alivePastDue ? due : living(), complete: true }),
    grant: (_tenants, id) => Promise.resolve([...due, ...living()].find(one => one.grant === id)),
  }
}

export const emptyScene = (): Scene => ({
  canaries,
  status: () => Promise.resolve(stateOf({ now: Date.now(), stores: [store('vault-prod')] })),
  expiries: () => Promise.resolve({ ...coming(), counts: Array.from({ length: 60 }, () => 0) }),
})
