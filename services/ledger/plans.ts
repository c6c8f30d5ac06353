import type { PlanApplied, PlanApproval } from '../../schemas/http-plans.ts'
import type { KeptPlan, PlanPort } from '../pipeline/plans.ts'
import { planReach, type ReachParts } from './plan-reach.ts'
import { planResults } from './plan-results.ts'
import type { LedgerScripts } from './redis.ts'

export type PlanStoreParts = ReachParts & {
  scripts: LedgerScripts
  cap: { kills: number; windowMs: number }
  onBreakGlass: PlanPort['onBreakGlass']
}

/** Long enough to look at what became of it; it can be applied for a few minutes only. */
const keptMs = 24 * 3_600_000

export const planStore = (parts: PlanStoreParts): PlanPort => {
  const { redis, prefix, scripts, cap } = parts
  const key = (id: string) => `${prefix}:plan:${id}`
  const spend = async (tenant: string, cids: string[]) =>
    Number(await scripts.spend(prefix, tenant, cap.kills, cap.windowMs, ...cids))
  return {
    cap: cap.kills,
    onBreakGlass: parts.onBreakGlass,
    reach: (tenant, selector) => planReach(parts, tenant, selector),
    results: (items, most) => planResults(parts, items, most),
    save: async kept => {
      const { plan } = kept.plan
      await redis.multi().hset(key(plan), 'plan', JSON.stringify(kept)).pexpire(key(plan), keptMs).exec()
    },
    load: async (tenant, id) => {
      const { plan, approval, applied, done } = await redis.hgetall(key(id))
      const kept = plan === undefined ? undefined : (JSON.parse(plan) as KeptPlan)
      if (kept?.tenant !== tenant) return undefined
      return {
        ...kept,
        ...(approval === undefined ? {} : { approval: JSON.parse(approval) as PlanApproval }),
        ...(applied === undefined ? {} : { applied: JSON.parse(applied) as PlanApplied }),
        done: done !== undefined,
      }
    },
    approve: async (id, approval) => {
      await redis.hset(key(id), 'approval', JSON.stringify(approval))
    },
    begin: async (id, applied) => {
      await redis.hsetnx(key(id), 'applied', JSON.stringify(applied))
      const first = await redis.hget(key(id), 'applied')
      return first === null ? applied : (JSON.parse(first) as PlanApplied)
    },
    done: async id => {
      await redis.multi().hset(key(id), 'done', '1').pexpire(key(id), keptMs).exec()
    },
    spend: async (tenant, cids) => cids.length === 0 || (await spend(tenant, cids)) > 0,
    spent: tenant => spend(tenant, []),
  }
}
