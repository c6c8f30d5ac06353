import { readFileSync } from 'node:fs'
import pg from 'pg'
import { Agent, request } from 'undici'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { connectVaultAdmin } from '../../infra/vault/admin-client.ts'

type Body = Record<string, unknown>

/** The doors, tried with the values themselves. Knows nothing of the product. A door that cannot answer throws. */
export const vaultDoor = (addresses: StackAddresses) => {
  const { vault } = addresses
  const call = async (method: 'GET' | 'POST', path: string, token?: string, body?: unknown) => {
    const ca = vault.caFile === '' ? undefined : readFileSync(vault.caFile, 'utf8')
    const dispatcher = new Agent({ connect: { ...(ca && { ca }) }, headersTimeout: 10_000 })
    try {
      const answer = await request(`${vault.address}/v1/${path}`, {
        method,
        dispatcher,
        headers: token === undefined ? {} : { 'x-vault-token': token },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: (text === '' ? {} : JSON.parse(text)) as Body }
    } finally {
      await dispatcher.close()
    }
  }
  const asAdmin = async <T>(work: (admin: Awaited<ReturnType<typeof connectVaultAdmin>>) => Promise<T>) => {
    const admin = await connectVaultAdmin(vault)
    return work(admin).finally(() => admin.close())
  }
  return {
    call,
    created: async (path: string, body: Body, parent?: string): Promise<Body> => {
      const answer = parent
        ? await call('POST', path, parent, body)
        : await asAdmin(admin => admin.call('POST', path, { ...body, no_parent: true }))
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
      return answer.body.auth as Body
    },
    login: async (under?: string) => {
      const path = 'database/creds/app'
      const answer = under ? await call('GET', path, under) : await asAdmin(admin => admin.call('GET', path))
      const made = answer.body as { lease_id?: string; data?: { username: string; password: string } }
      if (!made.lease_id || !made.data) throw new Error(`${path} answered ${answer.status}`)
      return { leaseId: made.lease_id, ...made.data }
    },
    token: async (value: string): Promise<boolean> => {
      const answer = await call('GET', 'secret/data/sample/door', value)
      return verdict(answer.status === 200, answer.status === 403, answer.status)
    },
    appRole: async (secretId: string): Promise<boolean> => {
      const role = await asAdmin(admin => admin.call('GET', 'auth/approle/role/agent/role-id'))
      const role_id = (role.body.data as { role_id: string }).role_id
      const answer = await call('POST', 'auth/approle/login', undefined, { role_id, secret_id: secretId })
      const auth = answer.body.auth as { client_token: string } | undefined
      if (auth) await call('POST', 'auth/token/revoke-self', auth.client_token, {})
      return verdict(answer.status === 200, answer.status === 400, answer.status)
    },
    database: async (user: string, password: string): Promise<boolean> => {
      const { host, port, database } = addresses.postgres
      const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 5_000 })
      try {
        await client.connect()
        await client.query('select * from door')
        return true
      } catch (error) {
        // invalid_password, and what a role that is gone is answered.
        if (['28P01', '28000'].includes(String((error as { code?: string }).code))) return false
        throw error
      } finally {
        await client.end().catch(() => undefined)
      }
    },
  }
}

const verdict = (open: boolean, refused: boolean, status: number) => {
  if (!open && !refused) throw new Error(`the door answered ${status}: neither open nor refused`)
  return open
}
