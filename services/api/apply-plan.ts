import type { PlanApplied } from '../../schemas/http-plans.ts'
import { grownBy, type PlanRecord, permission, planFacts } from '../pipeline/plans.ts'
import { planProblem } from './plan-problems.ts'
import type { ApiParts } from './ports.ts'
import { mustExist, readState } from './problems.ts'

type Wish = { by: string; hash: string; breakGlass: boolean }
const chunk = 500

/**
 * What was looked at becomes facts. An application that was cut off (no Kafka, a killed process) goes on with the first one's
 * moment, person and approval: its facts are the same bytes. One that is over writes nothing.
 */
export const applyPlan = async (
  parts: ApiParts,
  record: PlanRecord,
  wish: Wish,
): Promise<{ facts: number; applied: PlanApplied }> => {
  const { plans } = parts
  const { plan } = record.plan
  if (wish.hash !== record.plan.hash) throw planProblem('plan_mismatch')
  if (record.applied && record.done) return { facts: 0, applied: record.applied }
  const applied = record.applied ?? (await begin(parts, record, wish))
  const facts = planFacts(record, applied)
  for (let start = 0; start < facts.length; start += chunk) await parts.append(facts.slice(start, start + chunk))
  // Not written: a repetition appends the same again, which changes nothing.
  await plans.done(plan).catch(() => undefined)
  const { by, breakGlass = false } = applied
  parts.log({ msg: 'plan applied', plan, by, facts: facts.length })
  if (breakGlass) plans.onBreakGlass({ plan, by, facts: facts.length })
  return { facts: facts.length, applied }
}

const begin = async (parts: ApiParts, record: PlanRecord, wish: Wish): Promise<PlanApplied> => {
  const { plans } = parts
  const { tenant, plan, items } = record
  const now = parts.now()
  const may = permission(record, { ...wish, now })
  if ('refused' in may) throw planProblem(may.refused)
  const reached = await readState(() => plans.reach(tenant, plan.selector))
  mustExist(reached, 'session')
  const grown = grownBy(record, reached)
  if (grown > 0) throw planProblem('plan_changed', `${grown} more.`)
  const base = { by: wish.by, at: now }
  if ('approvedBy' in may) return readState(() => plans.begin(plan.plan, { ...base, approvedBy: may.approvedBy }))
  const cids = items.map(one => one.cid)
  // Taken before anything is written: two plans at once do not share what is left.
  const within = items.length <= plans.cap && (await readState(() => plans.spend(tenant, cids)))
  if (!within && !wish.breakGlass) throw planProblem(record.approval ? 'approval_expired' : 'needs_approval')
  return readState(() => plans.begin(plan.plan, within ? base : { ...base, breakGlass: true }))
}
