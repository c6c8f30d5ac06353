import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Watched } from '../../infra/sample/prober.ts'
import type { ApiState, GrantList, ReceiptList } from '../../schemas/http.ts'
import type { ApplyAnswer, Plan, PlanDetail } from '../../schemas/http-plans.ts'
import { startOidcWorld } from '../support/oidc-world.ts'
import { fingerprintOf } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let issuer: Awaited<ReturnType<typeof startOidcWorld>>
let url: string
let tokens: Record<'alice' | 'bob' | 'eve', string>
beforeAll(async () => {
  issuer = await startOidcWorld({
    alice: { roles: ['on-call'], tenant: 'acme' },
    bob: { roles: ['lead'], tenant: 'acme' },
    eve: { roles: ['on-call', 'lead'], tenant: 'other' },
  })
  const roles = { 'on-call': ['viewer' as const, 'revoker' as const], lead: 'approver' as const }
  world = await startWorld({
    processes: [['ledger', 'intake', 'work', 'api']],
    overrides: {
      api: {
        port: 0,
        oidc: [
          { id: 'corp', issuer: issuer.issuer, audience: 'https://curfew.example/api', roles, tenantClaim: 'tenant' },
        ],
      },
      cap: { kills: 2 },
      session: { graceMs: 2_000 },
    },
  })
  const file = join(world.dir, 'api.json')
  await until('the API listens', () => existsSync(file))
  url = (JSON.parse(readFileSync(file, 'utf8')) as ApiState).url
  tokens = { alice: await issuer.token('alice'), bob: await issuer.token('bob'), eve: await issuer.token('eve') }
})
afterAll(async () => {
  await world?.close()
  await issuer?.close()
})

type Who = keyof typeof tokens
const call = async <T>(who: Who, method: 'GET' | 'POST', path: string, body?: unknown) => {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[who]}`, connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as T & { code?: string } }
}
/** As a person types it, with a token of the issuer. */
const curfew = (who: Who, ...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>(resolve => {
    const file = join(import.meta.dirname, '../../services/curfew.ts')
    execFile(
      process.execPath,
      [file, ...args],
      { env: { CURFEW_URL: url, CURFEW_TOKEN: tokens[who] } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
    )
  })
const start = (session: string, agent: string, labels = {}) =>
  world.emitter.emit('curfew.session.started', { session, agent, labels })
const seen = async (grants: number) =>
  until(
    `${grants} grants are listed`,
    async () => (await call<GrantList>('alice', 'GET', 'grants')).json.grants?.length === grants,
  )
const refusedAll = async (watched: Watched[]) => {
  for (const one of watched) await until(`${one.name} is refused`, () => one.refusedFirst)
}

it('a rogue agent: planned, refused to one alone, approved by another, applied by the first, each death with its proof', async () => {
  await start('r-1', 'rogue')
  await start('r-2', 'rogue', { team: 'payments' })
  await start('g-1', 'good')
  const rogue = [
    await world.handOut('r-1', await world.issuer.token(), { labels: { use: 'deploy' } }),
    await world.handOut('r-1', await world.issuer.databaseLogin()),
    await world.handOut('r-2', await world.issuer.token()),
  ]
  const good = await world.handOut('g-1', await world.issuer.token())
  await seen(4)

  const foreign = await call<Plan>('eve', 'POST', 'plans', { selector: { principal: 'agent:rogue' }, reason: 'x' })
  expect(foreign.json).toMatchObject({ credentials: 0 })

  const planned = await curfew('alice', 'revoke', '--principal', 'agent:rogue', '--reason', 'INC-2231', '--json')
  const plan = JSON.parse(planned.out) as Plan
  expect(plan).toMatchObject({ by: 'oidc:corp:alice', credentials: 3, sessions: 2, ends: 2, overCap: true, cap: 2 })

  const alone = await curfew('alice', 'revoke', '--apply', plan.plan)
  expect([alone.code, alone.err]).toEqual([77, expect.stringContaining(`curfew approve ${plan.plan}`)])
  expect((await call('alice', 'POST', `plans/${plan.plan}/approval`, { hash: plan.hash })).json.code).toBe(
    'not_allowed',
  )
  expect((await call('eve', 'POST', `plans/${plan.plan}/approval`, { hash: plan.hash })).json.code).toBe('no_such_plan')
  expect(await curfew('bob', 'approve', plan.plan)).toMatchObject({ code: 0, out: expect.stringContaining('INC-2231') })

  const applied = await curfew('alice', 'revoke', '--apply', plan.plan)
  expect(applied).toMatchObject({ code: 0, err: '', out: expect.stringContaining('DONE  3 dead.') })
  await refusedAll(rogue)
  expect(good.refusedFirst).toBeUndefined()

  const { receipts } = (await call<ReceiptList>('alice', 'GET', `receipts?plan=${plan.plan}`)).json
  expect(receipts).toHaveLength(3)
  for (const one of receipts)
    expect(one).toMatchObject({
      outcome: 'verified',
      forced: { by: 'oidc:corp:alice', reason: 'INC-2231', plan: plan.plan, approvedBy: 'oidc:corp:bob' },
    })
  // The sessions ended with it: what they are handed out late dies too.
  expect((await call('alice', 'GET', 'sessions/r-2')).json).toMatchObject({
    session: { endCause: 'forced', closed: true },
  })
  const token = await world.issuer.token()
  const late = world.prober.watch('r-2 late', token)
  await until('it is accepted', () => late.acceptedFirst)
  await world.grant('r-2', token)
  await refusedAll([late])

  const again = await call<ApplyAnswer>('alice', 'POST', `plans/${plan.plan}/apply`, { hash: plan.hash })
  expect([again.status, again.json.facts]).toEqual([202, 0])
})

it('by label, store, task, fingerprint and grant: exactly what is named', async () => {
  await start('l-1', 'one', { team: 'search' })
  await start('l-2', 'two')
  const [a, b, c] = [await world.issuer.token(), await world.issuer.token(), await world.issuer.token()]
  await world.handOut('l-1', a, { task: 't' })
  await world.handOut('l-2', b, { labels: { team: 'search' }, task: 't' })
  const print = await fingerprintOf(world.config, c.values[0] ?? '')
  await world.handOut('l-2', c, { fingerprints: [print] })
  await seen(4)
  const counts = async (selector: object) => {
    const { json } = await call<Plan>('alice', 'POST', 'plans', { selector, reason: 'x' })
    return [json.credentials, json.ends]
  }
  const all = (await call<GrantList>('alice', 'GET', 'grants')).json.grants
  expect(all.find(one => one.handle === b.grant.handle)?.labels).toEqual(['team=search'])
  expect(await counts({ labels: { team: 'search' } })).toEqual([2, 0])
  expect(await counts({ labels: { team: 'search' }, session: 'l-1' })).toEqual([1, 0])
  expect(await counts({ store: 'vault-local' })).toEqual([4, 0])
  expect(await counts({ session: 'l-2', task: 't' })).toEqual([1, 1])
  expect(await counts({ session: 'l-2' })).toEqual([2, 1])
  expect(await counts({ grants: all.slice(0, 2).map(one => one.grant) })).toEqual([2, 0])
  expect(await counts({ held: true })).toEqual([0, 0])
  expect(await counts({ fingerprint: print })).toEqual([1, 0])
  expect((await call('alice', 'POST', 'plans', { selector: { session: 'typo' }, reason: 'x' })).status).toBe(404)
})

it('what is held over the cap is listed, and dies when a person lets it', async () => {
  const ghosts = [1, 2, 3, 4].map(() => world.issuer.token())
  const watched: Watched[] = []
  for (const ghost of ghosts) watched.push(await world.handOut('nobody-announced-it', await ghost))
  const held = await until('two are held', async () => {
    const { json } = await call<GrantList>('alice', 'GET', 'held')
    return json.grants?.length === 2 && json.grants
  })
  expect((await curfew('alice', 'held')).code).toBe(1)
  const { json: plan } = await call<Plan>('alice', 'POST', 'plans', { selector: { held: true }, reason: 'not ours' })
  expect(plan).toMatchObject({ credentials: 2, overCap: false })
  expect(await curfew('alice', 'revoke', '--apply', plan.plan)).toMatchObject({ code: 0 })
  await refusedAll(watched)
  const { json } = await call<PlanDetail>('alice', 'GET', `plans/${plan.plan}`)
  expect(json.items.map(one => one.handle).sort()).toEqual(held.map(one => one.handle).sort())
  const { receipts } = (await call<ReceiptList>('alice', 'GET', `receipts?plan=${plan.plan}`)).json
  expect(receipts.map(one => [one.cause, one.forced?.by])).toEqual([1, 2].map(() => ['forced', 'oidc:corp:alice']))
})
