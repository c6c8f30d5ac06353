import type { PlanApplied, PlanApproval } from '../../schemas/http-plans.ts'
import type { KeptPlan, Planned, PlanPort } from '../../services/pipeline/plans.ts'

export const planned = (n: number, from = 0): Planned[] =>
  Array.from({ length: n }, (_, i) => {
    const id = (from + i).toString(16).padStart(32, '0')
    return { cid: id, epoch: 0, grants: [id.replace(/^0/, 'a')] }
  })

export type MemoryPlans = PlanPort & { living: Planned[]; broken: object[]; spends: string[][] }

/** Plans without Redis. `living` is what a selector reaches at this moment, whatever it says. */
export const memoryPlans = (cap = 5): MemoryPlans => {
  const kept = new Map<string, KeptPlan & { approval?: PlanApproval; applied?: PlanApplied; done: boolean }>()
  const alone = new Set<string>()
  const one = (id: string) => {
    const found = kept.get(id)
    if (!found) throw new Error('no plan')
    return found
  }
  const port: MemoryPlans = {
    cap,
    living: [],
    broken: [],
    spends: [],
    reach: async () => ({
      items: port.living,
      ends: [],
      counts: { shared: 0, sessions: 1, stores: [], activeLastMinute: 0, impossible: 0 },
    }),
    save: async plan => void kept.set(plan.plan.plan, { ...plan, done: false }),
    load: async (tenant, id) => {
      const found = kept.get(id)
      return found?.tenant === tenant ? { ...found } : undefined
    },
    approve: async (id, approval) => void Object.assign(one(id), { approval }),
    begin: async (id, applied) => {
      one(id).applied ??= applied
      return one(id).applied as PlanApplied
    },
    done: async id => void Object.assign(one(id), { done: true }),
    spend: async (_tenant, cids) => {
      if (new Set([...alone, ...cids]).size > cap) return false
      for (const cid of cids) alone.add(cid)
      port.spends.push(cids)
      return true
    },
    spent: async () => alone.size,
    results: async items => ({
      counts: { dead: 0, impossible: 0, unproven: 0, gone: 0, blocked: 0, alive: items.length },
      items: [],
    }),
    onBreakGlass: told => void port.broken.push(told),
  }
  return port
}
