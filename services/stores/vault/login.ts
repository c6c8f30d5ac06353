import { readFile } from 'node:fs/promises'
import type { Problem } from '../../pipeline/errors.ts'
import { type Reply, record } from '../reply.ts'
import { problemOf } from './answers.ts'
import type { MeteredCall } from './metered-call.ts'

/** The pipeline's own token. `endsAt` is on the clock of `performance.now()`. */
export type Login = { token: string; accessor: string; renewable: boolean; lifeMs: number; endsAt: number }
export type LoginParts = { call: MeteredCall; mount: string; roleId: string; secretIdFile: string }

const purpose = (operation: string) => ({ operation, group: 'login', lane: 'leak' }) as const

export const logIn = async (parts: LoginParts): Promise<Login | { problem: Problem }> => {
  const secretId = await readFile(parts.secretIdFile, 'utf8').catch(() => undefined)
  if (secretId === undefined)
    return { problem: { code: 'permission', detail: `cannot read the secret id file ${parts.secretIdFile}` } }
  const path = `auth/${parts.mount}/login`
  const json = { role_id: parts.roleId, secret_id: secretId.trim() }
  const reply = await parts.call(purpose('login'), { method: 'POST', path, json })
  const login = loginOf(reply)
  if (login) return login
  const problem = problemOf(reply)
  if ('problem' in reply || (reply.status !== 400 && reply.status !== 403)) return { problem }
  return { problem: { code: 'permission', detail: `login refused at ${path}: ${problem.detail}` } }
}

/** Undefined: not renewable, or near its maximum life, where renewing adds little: log in anew. */
export const renewLogin = async (parts: LoginParts, login: Login): Promise<Login | undefined> => {
  if (!login.renewable) return undefined
  const request = { method: 'POST', path: 'auth/token/renew-self', json: {}, token: login.token } as const
  const renewed = loginOf(await parts.call(purpose('renew'), request))
  return renewed && renewed.lifeMs * 2 > login.lifeMs ? { ...renewed, lifeMs: login.lifeMs } : undefined
}

/** By accessor: the login's policy has that right, and none to revoke-self. */
export const logOut = async (parts: LoginParts, login: Login): Promise<void> => {
  const json = { accessor: login.accessor }
  await parts.call(purpose('logout'), { method: 'POST', path: 'auth/token/revoke-accessor', json, token: login.token })
}

const loginOf = (reply: Reply): Login | undefined => {
  if ('problem' in reply || reply.status !== 200) return undefined
  const auth = record(record(reply.body).auth)
  if (typeof auth.client_token !== 'string' || typeof auth.accessor !== 'string') return undefined
  // 0 means without an end.
  const lifeMs = (Number(auth.lease_duration) || 86_400) * 1_000
  const endsAt = performance.now() + lifeMs - Math.min(1_000, lifeMs / 10)
  return { token: auth.client_token, accessor: auth.accessor, renewable: auth.renewable === true, lifeMs, endsAt }
}
