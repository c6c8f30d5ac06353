import { Client } from 'pg'
import type { StackAddresses } from '../stack/addresses.ts'
import type { VaultHttp, VaultReply } from './vault-http.ts'

export type Door = 'accepted' | 'refused' | 'unknown'
/** One use of a credential: what was called and what was answered, in words that name no secret. */
export type Tried = { seen: Door; call: string; answer: string }

/** Reads the secret that every sample agent may read. */
export const tryToken = async (http: VaultHttp, token: string): Promise<Tried> => {
  const path = 'secret/data/sample/door'
  return tried(`GET ${path}`, await http.call('GET', path, token), 200, 403)
}

export const trySecretId = async (http: VaultHttp, roleId: string, secretId: string): Promise<Tried> => {
  const path = 'auth/approle/login'
  const login = await http.call('POST', path, undefined, { role_id: roleId, secret_id: secretId })
  // The login itself makes a token, which is not what is tried here.
  if (login.status === 200)
    await http.call('POST', 'auth/token/revoke-self', (login.body.auth as { client_token: string }).client_token)
  return tried(`POST ${path}`, login, 200, 400)
}

export const tryDatabaseLogin = async (
  { postgres }: StackAddresses,
  user: string,
  password: string,
): Promise<Tried> => {
  const { host, port, database } = postgres
  const call = 'PostgreSQL'
  const client = new Client({ host, port, database, user, password, connectionTimeoutMillis: 3_000 })
  // Without a listener, an error after the answer would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select name from door limit 1')
    return { seen: 'accepted', call, answer: 'accepted' }
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    // invalid_password and invalid_authorization_specification: refused; all else says nothing.
    const refused = ['28P01', '28000'].includes(code)
    return { seen: refused ? 'refused' : 'unknown', call, answer: refused ? `refused ${code}` : code || 'no answer' }
  } finally {
    await client.end().catch(() => undefined)
  }
}

const tried = (call: string, reply: VaultReply, yes: number, no: number): Tried => ({
  seen: reply.status === yes ? 'accepted' : reply.status === no ? 'refused' : 'unknown',
  call,
  answer: String(reply.status),
})
