import type { Problem } from '../../pipeline/errors.ts'
import { type Reply, record } from '../reply.ts'
import { problemOf } from '../vault/answers.ts'
import type { MeteredCall } from '../vault/metered-call.ts'

/** What Vault says of a static role; no secret. */
export type StaticRole = { username: string; lastRotation: string; periodMs: number; statements: string[] }
export type StaticPassword = { username: string; lastRotation: string; password: string }
type Failed = { problem: Problem }

const protocol = (detail: string): Failed => ({ problem: { code: 'protocol', detail } })

/** The calls that rotating static roles needs (openbao.org/api-docs/secret/databases). */
export const roleCalls = (call: MeteredCall, mount: string) => ({
  /** `proof`: from the active node. A standby may tell of a rotation that was long followed by another. */
  look: async (role: string, proof = false): Promise<StaticRole | Failed> => {
    const purpose = { operation: 'role.look', group: 'probe', lane: 'kill' } as const
    const reply = await call(purpose, { method: 'GET', path: `${mount}/static-roles/${role}`, proof })
    return read(reply, role, data => {
      const [username, lastRotation] = [data.username, data.last_vault_rotation]
      if (!isText(username) || !isText(lastRotation)) return undefined
      const statements = Array.isArray(data.rotation_statements) ? data.rotation_statements.map(String) : []
      return { username, lastRotation, periodMs: Number(data.rotation_period ?? 0) * 1_000, statements }
    })
  },
  /** The only call whose answer holds a password. */
  password: async (role: string): Promise<StaticPassword | Failed> => {
    const purpose = { operation: 'role.password', group: 'probe', lane: 'kill' } as const
    const reply = await call(purpose, { method: 'GET', path: `${mount}/static-creds/${role}`, proof: true })
    return read(reply, role, data => {
      const [username, lastRotation, password] = [data.username, data.last_vault_rotation, data.password]
      return isText(username) && isText(lastRotation) && isText(password)
        ? { username, lastRotation, password }
        : undefined
    })
  },
  rotate: async (role: string): Promise<object | Failed> => {
    const purpose = { operation: 'role.rotate', group: 'revoke', lane: 'kill' } as const
    const reply = await call(purpose, { method: 'POST', path: `${mount}/rotate-role/${role}`, json: {} })
    if ('problem' in reply) return reply
    return reply.status === 200 || reply.status === 204 ? {} : { problem: problemOf(reply) }
  },
})
export type RoleCalls = ReturnType<typeof roleCalls>

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const read = <T>(reply: Reply, role: string, of: (data: Record<string, unknown>) => T | undefined): T | Failed => {
  if ('problem' in reply) return reply
  if (reply.status === 404 || (reply.status === 400 && /unknown role/i.test(JSON.stringify(reply.body))))
    return protocol(`Vault knows no static role "${role}"`)
  if (reply.status !== 200) return { problem: problemOf(reply) }
  return of(record(record(reply.body).data)) ?? protocol(`static role "${role}": an answer without its fields`)
}
