import { randomUUID } from 'node:crypto'
import { tryDatabaseLogin, tryToken } from '../../infra/sample/doors.ts'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { vaultHttp } from '../../infra/sample/vault-http.ts'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { connectVaultAdmin } from '../../infra/vault/admin-client.ts'
import { apply } from '../../infra/vault/apply.ts'

type Auth = { client_token: string; accessor: string }
export type AppToken = SampleCredential & { value: string }
export type VaultApp = Awaited<ReturnType<typeof vaultApp>>

const policy = `path "auth/token/create" { capabilities = ["create", "update"] }
path "database/creds/app" { capabilities = ["read"] }
path "secret/data/sample/*" { capabilities = ["read"] }`

/** An application that knows Vault and nothing of Curfew: its platform puts `session` into the metadata of what logs it in. */
export const vaultApp = async (addresses: StackAddresses, mark: Record<string, string> = {}) => {
  const { vault } = addresses
  const role = `app-${randomUUID().slice(0, 8)}`
  const admin = await connectVaultAdmin(vault)
  const http = vaultHttp(vault.address, vault.caFile)
  await apply(admin, `sys/policies/acl/${role}`, { policy })
  await apply(admin, `auth/approle/role/${role}`, { token_policies: [role], token_ttl: '1h', secret_id_ttl: '1h' })
  const { role_id: roleId } = (await admin.call('GET', `auth/approle/role/${role}/role-id`)).body.data as {
    role_id: string
  }
  const tokenOf = (auth: Auth): AppToken => {
    const attempt = () => tryToken(http, auth.client_token)
    const grant = { kind: 'vault.token', handle: auth.accessor, renewable: true } as const
    const value = auth.client_token
    return { grant, value, values: [value], use: async () => (await attempt()).seen, try: attempt }
  }
  const asked = async (method: 'GET' | 'POST', path: string, token: string | undefined, body?: unknown) => {
    const reply = await http.call(method, path, token, body)
    if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}`)
    return reply.body
  }
  return {
    admin,
    role,
    login: async (session: string, task?: string): Promise<AppToken> => {
      const metadata = JSON.stringify({ session, ...(task === undefined ? {} : { task }), ...mark })
      const made = await apply(admin, `auth/approle/role/${role}/secret-id`, { metadata })
      const { secret_id } = made.body.data as { secret_id: string }
      return tokenOf(
        (await asked('POST', 'auth/approle/login', undefined, { role_id: roleId, secret_id })).auth as Auth,
      )
    },
    /** A token without any mark of its own. */
    child: async (of: AppToken): Promise<AppToken> =>
      tokenOf((await asked('POST', 'auth/token/create', of.value, { ttl: '30m' })).auth as Auth),
    /** A token by the platform itself. */
    token: async (meta: Record<string, string>, more: Record<string, unknown> = {}, path = 'auth/token/create') => {
      const body = { policies: [role], ttl: '1h', no_parent: true, meta, ...more }
      return tokenOf((await apply(admin, path, body)).body.auth as Auth)
    },
    renew: (token: AppToken, increment: string) => asked('POST', 'auth/token/renew-self', token.value, { increment }),
    databaseLogin: async (under: AppToken): Promise<SampleCredential> => {
      const body = await asked('GET', 'database/creds/app', under.value)
      const { username, password } = body.data as { username: string; password: string }
      const attempt = () => tryDatabaseLogin(addresses, username, password)
      const grant = { kind: 'vault.lease', handle: String(body.lease_id), target: username, renewable: true } as const
      return { grant, values: [password], use: async () => (await attempt()).seen, try: attempt }
    },
    close: async () => {
      await http.close()
      await admin.close()
    },
  }
}
