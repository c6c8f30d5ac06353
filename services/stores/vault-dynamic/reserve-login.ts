import type { VaultDynamicStoreConfig } from '../../../schemas/store-vault-dynamic.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Issued, IssueRequest, Reserved } from '../../pipeline/ports.ts'
import { type Reply, record } from '../reply.ts'
import { storeText } from '../store-text.ts'
import { problemOf } from '../vault/answers.ts'
import type { MeteredCall } from '../vault/metered-call.ts'
import { handleOf, loginOf } from './login-handle.ts'

/** `call`: as the store's own login. `raw`: with the token that the request brings. */
export type LoginCalls = { call: MeteredCall; raw: MeteredCall }
type Failed = { problem: Problem }
type Asked = { name: string; lifeMs: number; token: string; handle: string }

/** An empty token that nobody wrote down ends by itself. */
const reservedSeconds = 600

/**
 * A login belongs to the token that it was read with, and ends with it. So each gets a token of its own, whose accessor is known, and
 * written down, before the login is made: Vault can neither name a lease nor list leases by a name.
 */
export const reserveLogin =
  (config: VaultDynamicStoreConfig, calls: LoginCalls) =>
  async ({ name, lifeMs }: IssueRequest): Promise<Reserved | Failed> => {
    const unfit = await unfitRole(config, calls.call, lifeMs)
    if (unfit) return { problem: unfit }
    const json = { display_name: name, ttl: `${reservedSeconds}s`, renewable: true, meta: { curfew: name } }
    const made = await calls.call(purpose('token.reserve'), {
      method: 'POST',
      path: `auth/token/create/${config.tokenRole}`,
      json,
    })
    const { client_token: token, accessor, orphan } = authOf(made)
    if (typeof token !== 'string' || typeof accessor !== 'string') return { problem: problemOf(made) }
    // As a child of our own login it would end with that, and what consumers use with it.
    if (orphan !== true) return refused(`token role "${config.tokenRole}" must make orphans (orphan=true)`)
    const handle = handleOf(loginOf(name), accessor)
    return { handle, fill: () => fill(config, calls, { name, lifeMs, token, handle }) }
  }

/** Once the token was revoked, both calls are refused: a late process brings nothing to life. */
const fill = async (
  config: VaultDynamicStoreConfig,
  { call, raw }: LoginCalls,
  { name, lifeMs, token, handle }: Asked,
): Promise<Issued | Failed> => {
  const json = { increment: `${Math.ceil(lifeMs / 1_000)}s` }
  const renewed = await raw(purpose('token.renew'), { method: 'POST', path: 'auth/token/renew-self', json, token })
  const tokenLife = authOf(renewed).lease_duration
  if (typeof tokenLife !== 'number') return { problem: problemOf(renewed) }
  if (tokenLife * 1_000 < lifeMs)
    return refused(`token role "${config.tokenRole}" gives ${tokenLife} s: lifeMs is longer`)
  const path = `${config.mount}/creds/${config.role}`
  const reply = await raw(purpose('login.issue'), { method: 'GET', path, token })
  const { lease_id: lease, lease_duration: seconds, data } = 'problem' in reply ? {} : record(reply.body)
  const { username, password } = record(data)
  if (typeof lease !== 'string' || typeof seconds !== 'number') return { problem: problemOf(reply) }
  if (typeof username !== 'string' || typeof password !== 'string') return refused('a login without its fields')
  const objection = objectionTo({ username, seconds }, config, { name, lifeMs })
  if (objection !== undefined) {
    await call(purpose('lease.revoke'), revokeLease(lease))
    return refused(objection)
  }
  return {
    handle,
    value: password,
    fields: { [config.userField]: username },
    target: lease,
    expiresAt: Date.now() + seconds * 1_000,
  }
}

export const revokeLease = (lease: string) =>
  ({ method: 'POST', path: 'sys/leases/revoke', json: { lease_id: lease, sync: true } }) as const

const objectionTo = (
  { username, seconds }: { username: string; seconds: number },
  { role }: VaultDynamicStoreConfig,
  { name, lifeMs }: Pick<Asked, 'name' | 'lifeMs'>,
): string | undefined => {
  if (username !== loginOf(name))
    return `role "${role}": its connection's username_template must be "{{ .DisplayName | truncate 63 }}"`
  return seconds * 1_000 < lifeMs ? tooShort(role, seconds) : undefined
}

const tooShort = (role: string, seconds: number) =>
  `role "${role}" gives leases of ${seconds} s: its default_ttl must be at least lifeMs`

/** Looked at before anything is made. 0: the mount's own limit, which only the lease tells. */
const unfitRole = async (
  { mount, role, endsSessions }: VaultDynamicStoreConfig,
  call: MeteredCall,
  lifeMs: number,
): Promise<Problem | undefined> => {
  const reply = await call(
    { operation: 'role.look', group: 'probe', lane: 'kill' },
    { method: 'GET', path: `${mount}/roles/${role}` },
  )
  if ('problem' in reply) return reply.problem
  if (reply.status === 404) return refused(`Vault knows no dynamic role "${role}"`).problem
  if (reply.status !== 200) return problemOf(reply)
  const { default_ttl: seconds, revocation_statements: statements } = record(record(reply.body).data)
  if (typeof seconds === 'number' && seconds > 0 && seconds * 1_000 < lifeMs)
    return refused(tooShort(role, seconds)).problem
  const ends = Array.isArray(statements) && statements.some(one => /pg_terminate_backend/i.test(String(one)))
  return endsSessions && !ends
    ? refused(`endsSessions: the revocation statements of role "${role}" end no session`).problem
    : undefined
}

const purpose = (operation: string) => ({ operation, group: 'revoke', lane: 'kill' }) as const
const authOf = (reply: Reply) => ('problem' in reply || reply.status !== 200 ? {} : record(record(reply.body).auth))
const refused = (detail: string): Failed => ({ problem: { code: 'protocol', detail: storeText(detail) } })
