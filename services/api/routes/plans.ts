import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Principal } from '../../../schemas/config.ts'
import { planId } from '../../../schemas/force.ts'
import {
  type ApplyAnswer,
  applyRequest,
  approvalRequest,
  type Plan,
  type PlanDetail,
  planRequest,
} from '../../../schemas/http-plans.ts'
import { randomId } from '../../pipeline/ids.ts'
import { hashOfPlan, type PlanRecord, planValidMs, type Reached } from '../../pipeline/plans.ts'
import { applyPlan } from '../apply-plan.ts'
import { localId, principalOf, requires } from '../authenticate.ts'
import { planProblem } from '../plan-problems.ts'
import type { ApiParts } from '../ports.ts'
import { checked, jsonBody, mustExist, readState } from '../problems.ts'
import { limit } from './query.ts'

const path = z.object({ id: planId })

/**
 * POST /v1/plans: says what would die, and does nothing. GET /v1/plans/{id}: how each stands. POST .../approval: the second
 * person's word. POST .../apply: exactly what was looked at becomes facts, once.
 */
export const plansRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const { plans } = parts
  const found = async (request: { params: unknown }, { tenant }: Principal): Promise<PlanRecord> => {
    const { id } = checked(path, request.params, 'path')
    const record = await readState(() => plans.load(tenant, id))
    mustExist(record, 'plan')
    return record
  }
  app.post('/v1/plans', { onRequest: requires(parts, 'revoker') }, async (request, reply) => {
    const { selector, reason } = jsonBody(planRequest, request.body)
    const { id: by, tenant } = principalOf(request)
    const reached = await readState(() => plans.reach(tenant, selector))
    mustExist(reached, 'session')
    const spent = await readState(() => plans.spent(tenant))
    const base = {
      plan: `pl_${randomId().slice(0, 10)}`,
      hash: hashOfPlan(tenant, selector, reached),
      selector,
      reason,
    }
    const plan = planOf({ ...base, by }, reached, { cap: plans.cap, spent, now: parts.now() })
    await readState(() => plans.save({ tenant, plan, items: reached.items, ends: reached.ends }))
    return reply.code(201).send(plan satisfies Plan)
  })
  app.get('/v1/plans/:id', { onRequest: requires(parts, 'viewer') }, async (request): Promise<PlanDetail> => {
    const { limit: most } = checked(z.object({ limit }), request.query, 'query')
    const record = await found(request, principalOf(request))
    const { counts, items } = await readState(() => plans.results(record.items, most))
    return { plan: withStanding(record), counts, items, complete: items.length === record.items.length }
  })
  app.post('/v1/plans/:id/approval', { onRequest: requires(parts, 'approver') }, async (request): Promise<Plan> => {
    const { hash } = jsonBody(approvalRequest, request.body)
    const principal = principalOf(request)
    const record = await found(request, principal)
    const { plan, applied } = record
    const now = parts.now()
    if (hash !== plan.hash) throw planProblem('plan_mismatch')
    if (principal.id === localId) throw planProblem('not_a_person')
    if (principal.id === plan.by) throw planProblem('self_approval')
    if (applied) throw planProblem('already_applied')
    if (now >= plan.expiresAt) throw planProblem('plan_expired')
    const approval = { by: principal.id, at: now, expiresAt: now + planValidMs, hash }
    await readState(() => plans.approve(plan.plan, approval))
    parts.log({ msg: 'plan approved', plan: plan.plan, by: principal.id })
    return withStanding({ ...record, approval })
  })
  app.post('/v1/plans/:id/apply', { onRequest: requires(parts, 'revoker') }, async (request, reply) => {
    const { hash, breakGlass } = jsonBody(applyRequest, request.body)
    const principal = principalOf(request)
    const record = await found(request, principal)
    const { facts, applied } = await applyPlan(parts, record, { by: principal.id, hash, breakGlass })
    return reply.code(202).send({ facts, plan: withStanding({ ...record, applied }) } satisfies ApplyAnswer)
  })
}

const planOf = (
  named: Pick<Plan, 'plan' | 'hash' | 'selector' | 'reason' | 'by'>,
  { items, ends, counts }: Reached,
  { cap, spent, now }: { cap: number; spent: number; now: number },
): Plan => ({
  ...named,
  createdAt: now,
  expiresAt: now + planValidMs,
  credentials: items.length,
  grants: items.reduce((sum, one) => sum + one.grants.length, 0),
  ends: ends.length,
  ...counts,
  cap,
  // Many small plans are one large one.
  overCap: items.length > cap || (items.length > 0 && items.length + spent > cap),
})

const withStanding = ({ plan, approval, applied }: PlanRecord): Plan => ({
  ...plan,
  ...(approval ? { approval } : {}),
  ...(applied ? { applied } : {}),
})
