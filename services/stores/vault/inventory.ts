import { setTimeout as pause } from 'node:timers/promises'
import type { Problem } from '../../pipeline/errors.ts'
import type { HeldToken } from '../../pipeline/held-token.ts'
import { type Reply, record } from '../reply.ts'
import { leaseProbe, problemOf, tokenProbe } from './answers.ts'
import type { VaultRequest } from './client.ts'
import type { MeteredCall } from './metered-call.ts'

export type Inventory = {
  /** Every living token, whoever's it is: the caller decides which are ours. Throws InventoryFailed. */
  tokens(onToken: (token: HeldToken) => Promise<void>): Promise<void>
  /** One living token. Undefined: it is not there, or nobody may look at it any more. Throws InventoryFailed. */
  token(accessor: string): Promise<HeldToken | undefined>
  /** Whether a lease is there. Throws InventoryFailed. */
  lease(leaseId: string): Promise<boolean>
  /** How many leases lie under a prefix. Vault does not say whose they are. */
  leases(prefix: string): Promise<number>
}

export class InventoryFailed extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'InventoryFailed'
    this.problem = problem
  }
}

const atATime = 4
const deepest = 8

export const inventory = (call: MeteredCall): Inventory => {
  const ask = (operation: string, request: VaultRequest) => patiently(call, operation, request)
  const list = async (path: string): Promise<string[]> => {
    const reply = await ask('inventory.list', { method: 'GET', path: `${path}?list=true` })
    // An empty list is a 404.
    if (!('problem' in reply) && reply.status === 404) return []
    if ('problem' in reply || reply.status !== 200) throw new InventoryFailed(problemOf(reply))
    const { keys } = record(record(reply.body).data)
    return Array.isArray(keys) ? keys.filter(key => typeof key === 'string') : []
  }
  const look = async (accessor: string): Promise<HeldToken | 'refused' | undefined> => {
    const json = { accessor }
    const reply = await ask('inventory.lookup', { method: 'POST', path: 'auth/token/lookup-accessor', json })
    const seen = tokenProbe(reply)
    if (seen.state === 'dead') return undefined
    if (seen.state === 'unknown' && seen.problem.code === 'permission') return 'refused'
    if (seen.state !== 'alive' || 'problem' in reply) throw new InventoryFailed(problemOf(reply))
    return heldToken(accessor, record(record(reply.body).data))
  }
  const leases = async (prefix: string, depth = 0): Promise<number> => {
    const keys = await list(`sys/leases/lookup/${prefix}`)
    let count = 0
    for (const key of keys)
      count += key.endsWith('/') && depth < deepest ? await leases(`${prefix}${key}`, depth + 1) : 1
    return count
  }
  return {
    tokens: async onToken => {
      const accessors = await list('auth/token/accessors')
      let looked = 0
      const refused: string[] = []
      const each = async () => {
        for (let accessor = accessors.pop(); accessor !== undefined; accessor = accessors.pop()) {
          const token = await look(accessor)
          if (token === 'refused') refused.push(accessor)
          else looked += 1
          if (token && token !== 'refused') await onToken(token)
        }
      }
      await Promise.all(Array.from({ length: atATime }, each))
      // One whose revocation is under way is listed and refused to everybody; refused all of them, the right is missing.
      if (refused.length > 0 && looked === 0)
        throw new InventoryFailed({ code: 'permission', detail: '403 on auth/token/lookup-accessor for every token' })
    },
    token: async accessor => {
      const token = await look(accessor)
      return token === 'refused' ? undefined : token
    },
    lease: async leaseId => {
      const json = { lease_id: leaseId }
      const reply = await ask('inventory.lease', { method: 'POST', path: 'sys/leases/lookup', json })
      const seen = leaseProbe(reply)
      if (seen.state === 'unknown') throw new InventoryFailed(seen.problem)
      return seen.state === 'alive'
    },
    leases,
  }
}

/** The budget is the agents' and the killing's first: throttled, it waits and asks again. */
const patiently = async (call: MeteredCall, operation: string, request: VaultRequest): Promise<Reply> => {
  for (;;) {
    const reply = await call({ operation, group: 'probe', lane: 'probe' }, request)
    const problem = 'problem' in reply || reply.status === 429 ? problemOf(reply) : undefined
    if (problem?.code !== 'throttled') return reply
    await pause(problem.retryAfterMs ?? 1_000)
  }
}

const heldToken = (accessor: string, data: Record<string, unknown>): HeldToken => {
  const expires = typeof data.expire_time === 'string' ? Date.parse(data.expire_time) : Number.NaN
  const issued = Number(data.creation_time)
  return {
    accessor,
    path: typeof data.path === 'string' ? data.path : '',
    metadata: record(data.meta),
    entity: typeof data.entity_id === 'string' ? data.entity_id : '',
    issuedAt: issued > 0 ? issued * 1_000 : 0,
    expiresAt: Number.isNaN(expires) ? undefined : expires,
    renewable: data.renewable === true,
  }
}
