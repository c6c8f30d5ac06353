import type { StoreCheck } from '../../pipeline/ports.ts'
import { record } from '../reply.ts'
import { problemOf } from './answers.ts'
import type { MeteredCall } from './metered-call.ts'
import type { LeaseTarget } from './postgres-target.ts'

type Parts = { call: MeteredCall; targets: (LeaseTarget & { leasePrefix: string })[]; appRoleMount: string }
const purpose = { operation: 'doctor', group: 'probe', lane: 'probe' } as const

/** Each path that revoking uses, asked of Vault itself: what may this login do there? Then each system that enforces leases. */
export const vaultDoctor =
  ({ call, targets, appRoleMount }: Parts) =>
  async (): Promise<StoreCheck[]> => {
    const paths = needed(appRoleMount)
    const reply = await call(purpose, {
      method: 'POST',
      path: 'sys/capabilities-self',
      json: { paths: Object.values(paths) },
    })
    const looked = await Promise.all(targets.map(targetCheck))
    if ('problem' in reply || reply.status !== 200) {
      const { code, detail } = problemOf(reply)
      const grant = code === 'permission' ? { grant: policyLine('sys/capabilities-self', 'update') } : {}
      const says = `the login's rights cannot be asked for: ${detail}`
      return [{ check: 'rights of the login', state: 'cannot_tell', says, ...grant }, ...looked]
    }
    const body = record(reply.body)
    const granted = { ...body, ...record(body.data) }
    return [...Object.entries(paths).map(([check, path]) => pathCheck(check, path, granted[path])), ...looked]
  }

/** A role that nobody has stands for every role: a policy names them by a pattern. */
const needed = (mount: string): Record<string, string> => ({
  'revoke a token': 'auth/token/revoke-accessor',
  'look at a token': 'auth/token/lookup-accessor',
  'revoke a lease': 'sys/leases/revoke',
  'look at a lease': 'sys/leases/lookup',
  'destroy a secret id': `auth/${mount}/role/curfew-doctor/secret-id-accessor/destroy`,
  'look at a secret id': `auth/${mount}/role/curfew-doctor/secret-id-accessor/lookup`,
  'keep its own login alive': 'auth/token/renew-self',
})

const policyLine = (path: string, capability: string) =>
  `path "${path.replace('/curfew-doctor/', '/+/')}" { capabilities = ["${capability}"] }`

const pathCheck = (check: string, path: string, capabilities: unknown): StoreCheck => {
  const has = Array.isArray(capabilities) ? capabilities.map(String) : []
  if (has.includes('update') || has.includes('root')) return { check, state: 'ok', says: `update on ${path}` }
  const says = `the login may not update ${path}${has.length === 0 ? '' : ` (it may: ${has.join(', ')})`}`
  return { check, state: 'missing', says, grant: policyLine(path, 'update') }
}

const targetCheck = async (target: LeaseTarget): Promise<StoreCheck> => {
  const check = `look where ${target.leasePrefix} is enforced`
  const result = await target.probe('curfew_doctor_nobody', 'probe')
  if (result.state === 'dead')
    return { check, state: 'ok', says: 'pg_roles is readable, and a made-up login is absent' }
  if (result.state !== 'unknown') return { check, state: 'cannot_tell', says: `a made-up login is ${result.state}` }
  const { code, detail } = result.problem
  const grant = 'CREATE ROLE curfew_probe LOGIN PASSWORD ...;   -- pg_roles is readable by everybody'
  return code === 'permission'
    ? { check, state: 'missing', says: detail, grant }
    : { check, state: 'cannot_tell', says: detail }
}
