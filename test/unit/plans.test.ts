import { describe, expect, it } from 'vitest'
import type { Principal } from '../../schemas/config.ts'
import type { Plan } from '../../schemas/http-plans.ts'
import { FactsUnavailable } from '../../services/pipeline/errors.ts'
import { grownBy, hashOfPlan, planFacts, planValidMs } from '../../services/pipeline/plans.ts'
import { apiWorld, people, sha256 } from '../support/api-world.ts'
import { memoryPlans, planned } from '../support/memory-plans.ts'

const may = { lifecycle: false, grant: [], leak: false, admin: false }
const person = (id: string, roles: Principal['may']['roles'] = ['viewer', 'revoker', 'approver'], tenant = 'acme') => ({
  id,
  tenant,
  may: { ...may, roles },
  tokenSha256: sha256(id),
})
const principals = [...people, person('alice'), person('bob'), person('carol'), person('eve', undefined, 'other')]
const selector = { principal: 'agent:deploy-bot' }

const planWorld = (living = planned(3), cap = 5) => {
  const plans = Object.assign(memoryPlans(cap), { living })
  let now = 1_700_000_000_000
  const world = apiWorld({ parts: { plans, now: () => now }, principals })
  const call = async (token: string, path: string, body?: unknown) => {
    const answer = await world.call(body === undefined ? 'GET' : 'POST', `/v1/plans${path}`, { token, body })
    return { status: answer.statusCode, json: answer.json() }
  }
  const make = async (by = 'alice'): Promise<Plan> => (await call(by, '', { selector, reason: 'INC-2231' })).json
  const apply = async ({ plan, hash }: Plan, by = 'alice', more = {}) => {
    const { status, json } = await call(by, `/${plan}/apply`, { hash, ...more })
    return [status, json.code ?? json.facts]
  }
  const approve = async ({ plan, hash }: Plan, by = 'bob') => {
    const { status, json } = await call(by, `/${plan}/approval`, { hash })
    return [status, json.code ?? json.approval.by]
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { ...world, plans, call, make, apply, approve, pass }
}
const forged = 'f'.repeat(64)

describe('a plan', () => {
  it('says what would die, and does nothing', async () => {
    const { make, appended } = planWorld()
    expect(await make()).toMatchObject({
      plan: expect.stringMatching(/^pl_[0-9a-f]{10}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      by: 'alice',
      credentials: 3,
      grants: 3,
      overCap: false,
      expiresAt: 1_700_000_000_000 + planValidMs,
    })
    expect(appended).toEqual([])
  })

  it('applied, each credential is forced, by whom and by which plan, and a repetition adds nothing', async () => {
    const { make, apply, appended } = planWorld()
    const plan = await make()
    expect(await apply(plan)).toEqual([202, 3])
    expect(appended).toEqual(
      planned(3).map(({ cid }) => ({
        v: 1,
        kind: 'forced',
        at: 1_700_000_000_000,
        event: plan.plan,
        by: 'alice',
        reason: 'INC-2231',
        plan: plan.plan,
        cid,
      })),
    )
    expect(await apply(plan)).toEqual([202, 0])
    expect(await apply(plan, 'bob', { breakGlass: true })).toEqual([202, 0])
    expect(appended).toHaveLength(3)
  })

  it('that was cut off goes on with the same bytes, whoever types it and however late', async () => {
    const world = planWorld()
    const plan = await world.make()
    const { append } = world.parts
    world.parts.append = () => Promise.reject(new FactsUnavailable(new Error('no Kafka')))
    expect(await world.apply(plan)).toEqual([503, 'facts_unavailable'])
    world.parts.append = append
    world.pass(3 * planValidMs)
    expect(await world.apply(plan, 'carol')).toEqual([202, 3])
    expect(new Set(world.appended.map(one => `${one.by} ${one.at}`))).toEqual(new Set(['alice 1700000000000']))
  })

  it('is refused when the set grew, and says by how many; what died meanwhile is no change', async () => {
    const { plans, make, call, apply, appended } = planWorld()
    const plan = await make()
    plans.living = planned(5)
    const answer = await call('alice', `/${plan.plan}/apply`, { hash: plan.hash })
    expect([answer.status, answer.json.code, answer.json.message]).toEqual([
      409,
      'plan_changed',
      expect.stringMatching(/^2 more\. /),
    ])
    plans.living = planned(1).map(one => ({ ...one, epoch: 1 }))
    expect(await apply(plan)).toEqual([409, 'plan_changed'])
    plans.living = planned(1).map(one => ({ ...one, grants: [...one.grants, 'b'.repeat(32)] }))
    expect(await apply(plan)).toEqual([409, 'plan_changed'])
    expect(appended).toEqual([])
    plans.living = planned(1)
    expect(await apply(plan)).toEqual([202, 3])
  })

  it('is refused with another hash, when it is old, and in another tenant', async () => {
    const { make, apply, approve, call, pass, appended } = planWorld()
    const plan = await make()
    expect(await apply({ ...plan, hash: forged })).toEqual([409, 'plan_mismatch'])
    expect(await apply(plan, 'eve')).toEqual([404, 'no_such_plan'])
    expect(await approve(plan, 'eve')).toEqual([404, 'no_such_plan'])
    expect((await call('eve', `/${plan.plan}`)).status).toBe(404)
    pass(planValidMs)
    expect(await apply(plan)).toEqual([409, 'plan_expired'])
    expect(await approve(plan)).toEqual([409, 'plan_expired'])
    expect(appended).toEqual([])
  })
})

describe('a plan over the cap needs a second person', () => {
  it('one alone is refused, the second one approves, and both stand in every fact', async () => {
    const { make, apply, approve, appended } = planWorld(planned(6))
    const plan = await make()
    expect(plan.overCap).toBe(true)
    expect(await apply(plan)).toEqual([403, 'needs_approval'])
    expect(await approve(plan)).toEqual([200, 'bob'])
    expect(appended).toEqual([])
    expect(await apply(plan)).toEqual([202, 6])
    expect(new Set(appended.map(one => JSON.stringify([one.by, 'approvedBy' in one && one.approvedBy])))).toEqual(
      new Set(['["alice","bob"]']),
    )
  })

  it('nobody approves what he made or applies what he approved, and the local token is nobody', async () => {
    const { make, apply, approve, appended } = planWorld(planned(6))
    const plan = await make()
    expect(await approve(plan, 'alice')).toEqual([403, 'self_approval'])
    expect(await approve(plan, 'local')).toEqual([403, 'not_a_person'])
    expect(await approve(plan, 'revoker-token')).toEqual([403, 'not_allowed'])
    expect(await approve(plan, 'bob')).toEqual([200, 'bob'])
    expect(await apply(plan, 'bob')).toEqual([403, 'self_approval'])
    expect(await apply(plan, 'approver-token')).toEqual([403, 'not_allowed'])
    expect(appended).toEqual([])
    expect(await apply(plan, 'carol')).toEqual([202, 6])
  })

  it('an approval is for one hash, and for ten minutes', async () => {
    const { make, apply, approve, pass, appended } = planWorld(planned(6))
    const [plan, other] = [await make(), await make()]
    expect(await approve({ ...plan, hash: forged })).toEqual([409, 'plan_mismatch'])
    expect(await approve(other)).toEqual([200, 'bob'])
    expect(await apply(plan), 'the approval of another plan').toEqual([403, 'needs_approval'])
    pass(planValidMs - 1)
    expect(await approve(plan)).toEqual([200, 'bob'])
    expect(await apply(other), 'its approval is ten minutes old in a moment').toEqual([202, 6])
    pass(planValidMs)
    expect(await apply(plan)).toEqual([403, 'approval_expired'])
    expect(await apply(plan, 'alice', { breakGlass: true })).toEqual([403, 'approval_expired'])
    expect(appended).toHaveLength(6)
  })

  it('an approval of a hash that the plan has not is none', async () => {
    const { plans, make, apply } = planWorld(planned(6))
    const plan = await make()
    const far = Number.MAX_SAFE_INTEGER
    await plans.approve(plan.plan, { by: 'bob', at: 0, expiresAt: far, hash: forged })
    expect(await apply(plan)).toEqual([403, 'approval_expired'])
  })

  it('approved, it is still refused when the set grew', async () => {
    const { plans, make, apply, approve } = planWorld(planned(6))
    const plan = await make()
    await approve(plan)
    plans.living = planned(7)
    expect(await apply(plan)).toEqual([409, 'plan_changed'])
  })

  it('many small plans are one large one', async () => {
    const { plans, make, apply } = planWorld(planned(3))
    expect(await apply(await make())).toEqual([202, 3])
    plans.living = planned(3, 3)
    const second = await make()
    expect(second.overCap).toBe(true)
    expect(await apply(second)).toEqual([403, 'needs_approval'])
  })

  it('breaking the glass is possible alone: paged, and marked in every fact', async () => {
    const { plans, make, apply, appended } = planWorld(planned(6))
    const plan = await make()
    expect(await apply(plan, 'alice', { breakGlass: true })).toEqual([202, 6])
    expect(appended.every(one => 'breakGlass' in one && one.breakGlass)).toBe(true)
    expect(plans.broken).toEqual([{ plan: plan.plan, by: 'alice', facts: 6 }])
  })

  it('glass is not broken where it need not be', async () => {
    const { plans, make, apply, appended } = planWorld(planned(2))
    expect(await apply(await make(), 'alice', { breakGlass: true })).toEqual([202, 2])
    expect([plans.broken, appended.filter(one => 'breakGlass' in one)]).toEqual([[], []])
  })
})

describe('what a plan says', () => {
  const items = planned(3)
  it('the hash is of the set, whatever its order, and of every part of it', () => {
    const hash = (change: object = {}, s: object = selector, tenant = 'acme') =>
      hashOfPlan(tenant, s, { items, ends: [], ...change })
    expect(hash({ items: items.toReversed() })).toBe(hash())
    const others = [
      hash({ items: items.slice(1) }),
      hash({ items: items.map(one => ({ ...one, epoch: 1 })) }),
      hash({ ends: [{ sid: 's' }] }),
      hash({}, { store: 'vault-a' }),
      hash({}, selector, 'other'),
    ]
    expect(new Set([hash(), ...others]).size).toBe(6)
  })
  it('a whole session that is ended is a part of the set', () => {
    const counts = { shared: 0, sessions: 1, stores: [], activeLastMinute: 0, impossible: 0 }
    const before = { items, ends: [{ sid: 'a' }], counts }
    expect(grownBy(before, before)).toBe(0)
    expect(grownBy(before, { items, ends: [{ sid: 'a' }, { sid: 'b' }] })).toBe(1)
    const facts = planFacts(
      {
        tenant: 'acme',
        plan: { plan: 'pl_aaaaaa', reason: 'r' } as Plan,
        items: [],
        ends: [{ sid: 'a' }, { sid: 'b', task: 't' }],
      },
      { by: 'alice', at: 7 },
    )
    expect(facts).toMatchObject([
      { kind: 'session.ended', sid: 'a', cause: 'forced', by: 'alice', plan: 'pl_aaaaaa', reason: 'r', at: 7 },
      { kind: 'task.ended', sid: 'b', task: 't', cause: 'forced' },
    ])
  })

  for (const [name, wrong] of Object.entries({
    'nothing named': {},
    'a task without its session': { task: 't' },
    'a principal that is no agent': { principal: 'deploy-bot' },
    'held: false': { held: false },
    'no label': { labels: {} },
    'a label with a forbidden name': { labels: { __proto__x: 'y' } },
    'an unknown field': { everything: true },
  }))
    it(`a selector with ${name} is 400`, async () => {
      const { call } = planWorld()
      expect((await call('alice', '', { selector: wrong, reason: 'x' })).status).toBe(400)
    })

  it('without a reason, or while the state cannot be read, there is no plan', async () => {
    const { call, plans } = planWorld()
    expect((await call('alice', '', { selector })).status).toBe(400)
    plans.reach = () => Promise.reject(new Error('Redis is away'))
    expect((await call('alice', '', { selector, reason: 'x' })).json.code).toBe('state_unavailable')
  })
})
