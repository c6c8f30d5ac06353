import { createHash } from 'node:crypto'
import type { Fact } from '../../schemas/facts.ts'
import type { Force } from '../../schemas/force.ts'
import type { Plan, PlanApplied, PlanApproval, PlanItem, PlanResult, PlanSelector } from '../../schemas/http-plans.ts'

/** A living credential of a plan, with every grant that dies with it. */
export type Planned = { cid: string; epoch: number; grants: string[] }
/** A session, or a task of it, that is ended as a whole. */
export type PlannedEnd = { sid: string; task?: string }
/** What a selector reaches at this moment. */
export type Reached = {
  items: Planned[]
  ends: PlannedEnd[]
  counts: Pick<Plan, 'shared' | 'sessions' | 'stores' | 'activeLastMinute' | 'impossible' | 'exposedUntil'>
}
/** A plan as it is kept. The plan itself never changes; approval and application are written beside it. */
export type KeptPlan = { tenant: string; plan: Plan; items: Planned[]; ends: PlannedEnd[] }
export type PlanRecord = KeptPlan & {
  approval?: PlanApproval | undefined
  applied?: PlanApplied | undefined
  /** All its facts are durable. */
  done: boolean
}

/** Plans are kept in Redis for a day and are no obligation: the facts are the record. Every call throws while Redis is away. */
export type PlanPort = {
  /** Undefined: the selector names a session that no event told of. */
  reach(tenant: string, selector: PlanSelector): Promise<Reached | undefined>
  save(kept: KeptPlan): Promise<void>
  load(tenant: string, id: string): Promise<PlanRecord | undefined>
  approve(id: string, approval: PlanApproval): Promise<void>
  /** The first application stands, with its moment: whoever comes later gets that one. */
  begin(id: string, applied: PlanApplied): Promise<PlanApplied>
  done(id: string): Promise<void>
  /** Takes so many kills from what one person may do alone in a window. False: not enough are left. */
  spend(tenant: string, cids: string[]): Promise<boolean>
  /** How many one person has killed alone in this window. */
  spent(tenant: string): Promise<number>
  results(items: Planned[], most: number): Promise<{ counts: Record<PlanResult, number>; items: PlanItem[] }>
  /** Over the cap by one person alone. */
  onBreakGlass(told: { plan: string; by: string; facts: number }): void
  /** What one person may kill alone in a window. */
  cap: number
}

export const planValidMs = 10 * 60_000

/** Of exactly what would die and of what it was asked for, in no order. */
export const hashOfPlan = (
  tenant: string,
  selector: PlanSelector,
  { items, ends }: Pick<Reached, 'items' | 'ends'>,
) => {
  const named = Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([tenant, named, pairs(items).sort(), ends.map(end => JSON.stringify(end)).sort()])
  return createHash('sha256').update(text).digest('hex')
}

const pairs = (items: Planned[]): string[] => items.flatMap(one => one.grants.map(grant => `${grant}~${one.epoch}`))

/** How much would die now that nobody looked at. What has died meanwhile is no change. */
export const grownBy = (planned: Reached | KeptPlan, now: Pick<Reached, 'items' | 'ends'>): number => {
  const known = new Set(pairs(planned.items))
  const ends = new Set(planned.ends.map(end => JSON.stringify(end)))
  return (
    pairs(now.items).filter(one => !known.has(one)).length +
    now.ends.filter(end => !ends.has(JSON.stringify(end))).length
  )
}

export type Refusal = 'plan_mismatch' | 'plan_expired' | 'needs_approval' | 'approval_expired' | 'self_approval'
export type Permission = { refused: Refusal } | { approvedBy: string } | { alone: true }

/** May this person apply it now? `alone`: without a second person, as far as the cap allows. */
export const permission = (
  { plan, approval, items }: PlanRecord,
  { by, hash, now, breakGlass }: { by: string; hash: string; now: number; breakGlass: boolean },
): Permission => {
  if (hash !== plan.hash) return { refused: 'plan_mismatch' }
  const approved = approval && approval.hash === plan.hash && now < approval.expiresAt
  // Two persons stand in the receipts, whoever typed it.
  if (approved) return approval.by === by ? { refused: 'self_approval' } : { approvedBy: approval.by }
  if (now >= plan.expiresAt) return { refused: approval ? 'approval_expired' : 'plan_expired' }
  if (items.length <= plan.cap || breakGlass) return { alone: true }
  return { refused: approval ? 'approval_expired' : 'needs_approval' }
}

/** Byte for byte the same whenever they are written: a repetition adds nothing. */
export const planFacts = ({ plan, items, ends }: KeptPlan, applied: PlanApplied): Fact[] => {
  const { by, at, approvedBy, breakGlass } = applied
  const forced: Force = {
    by,
    reason: plan.reason,
    plan: plan.plan,
    ...(approvedBy === undefined ? {} : { approvedBy }),
    ...(breakGlass ? { breakGlass } : {}),
  }
  const base = { v: 1, at, event: plan.plan, ...forced } as const
  return [
    ...items.map(({ cid }): Fact => ({ ...base, kind: 'forced', cid })),
    ...ends.map(
      ({ sid, task }): Fact =>
        task === undefined
          ? { ...base, kind: 'session.ended', sid, cause: 'forced' }
          : { ...base, kind: 'task.ended', sid, task, cause: 'forced' },
    ),
  ]
}
