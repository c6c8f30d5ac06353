import type { CredentialKind } from '../../schemas/grant.ts'
import type { StackAddresses } from '../stack/addresses.ts'
import { type Door, type Tried, tryDatabaseLogin, trySecretId, tryToken } from './doors.ts'
import { type VaultHttp, type VaultReply, vaultHttp } from './vault-http.ts'

export type { Door } from './doors.ts'

type Grant = {
  /** Absent: the local Vault. */
  store?: string
  kind: CredentialKind
  handle: string
  target?: string
  expiresAt?: string
  renewable: boolean
  /** A keeper's secret: what it holds. */
  inside?: { store: string; kind: CredentialKind; handle: string; target?: string }
  replaces?: string
}
/** A credential as its holder has it: the grant that Curfew is told of, the values that only the holder knows, and its use. */
export type SampleCredential = {
  grant: Grant
  values: string[]
  /** What the store must be shown to end it (RFC 7009): sent sealed with the grant. */
  shown?: string
  /** Tries the credential at the door that it opens. */
  use(): Promise<Door>
  /** The same, with the call and its answer in words. */
  try(): Promise<Tried>
}
export type SampleIssuer = {
  token(options?: { ttlSeconds?: number; renewable?: boolean; session?: string }): Promise<SampleCredential>
  batchToken(options?: { ttlSeconds?: number }): Promise<SampleCredential>
  databaseLogin(): Promise<SampleCredential>
  secretId(): Promise<SampleCredential>
  close(): Promise<void>
}

/** An agent platform that hands out real credentials. It knows Vault and PostgreSQL, and nothing of Curfew's inside. */
export const sampleIssuer = async (addresses: StackAddresses): Promise<SampleIssuer> => {
  const { address, caFile, adminUsername, adminPassword } = addresses.vault
  const http = vaultHttp(address, caFile)
  const login = await http.call('POST', `auth/userpass/login/${adminUsername}`, undefined, { password: adminPassword })
  const own = authOf(login).client_token
  const role = await http.call('GET', 'auth/approle/role/agent/role-id', own)
  const roleId = (role.body.data as { role_id: string }).role_id
  return {
    token: options => makeToken(http, own, 'service', options ?? {}),
    batchToken: options => makeToken(http, own, 'batch', options ?? {}),
    databaseLogin: () => makeDatabaseLogin(http, own, addresses),
    secretId: () => makeSecretId(http, own, roleId),
    close: async () => {
      await http.call('POST', 'auth/token/revoke-self', own).catch(() => undefined)
      await http.close()
    },
  }
}

const authOf = (reply: VaultReply) => {
  if (reply.status !== 200) throw new Error(`the sample issuer got ${reply.status} from Vault`)
  return reply.body.auth as { client_token: string; accessor: string }
}
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()
const credential = (grant: Grant, values: string[], attempt: () => Promise<Tried>): SampleCredential => ({
  grant,
  values,
  use: async () => (await attempt()).seen,
  try: attempt,
})

const makeToken = async (
  http: VaultHttp,
  own: string,
  type: 'service' | 'batch',
  options: { ttlSeconds?: number; renewable?: boolean; session?: string },
): Promise<SampleCredential> => {
  const ttlSeconds = options.ttlSeconds ?? 3_600
  const auth = authOf(
    await http.call('POST', 'auth/token/create', own, {
      policies: ['agent'],
      type,
      ttl: `${ttlSeconds}s`,
      renewable: options.renewable ?? type === 'service',
      meta: { session: options.session ?? '' },
    }),
  )
  const batch = type === 'batch'
  const grant: Grant = {
    kind: batch ? 'vault.batch-token' : 'vault.token',
    handle: batch ? `batch-${crypto.randomUUID()}` : auth.accessor,
    expiresAt: inSeconds(ttlSeconds),
    renewable: options.renewable ?? false,
  }
  return credential(grant, [auth.client_token], () => tryToken(http, auth.client_token))
}

const makeDatabaseLogin = async (
  http: VaultHttp,
  own: string,
  addresses: StackAddresses,
): Promise<SampleCredential> => {
  const reply = await http.call('GET', 'database/creds/app', own)
  if (reply.status !== 200) throw new Error(`the sample issuer got ${reply.status} from the database engine`)
  const { lease_id, lease_duration } = reply.body as { lease_id: string; lease_duration: number }
  const { username, password } = reply.body.data as { username: string; password: string }
  const grant: Grant = {
    kind: 'vault.lease',
    handle: lease_id,
    target: username,
    expiresAt: inSeconds(lease_duration),
    renewable: true,
  }
  return credential(grant, [password], () => tryDatabaseLogin(addresses, username, password))
}

const makeSecretId = async (http: VaultHttp, own: string, roleId: string): Promise<SampleCredential> => {
  const reply = await http.call('POST', 'auth/approle/role/agent/secret-id', own, {})
  const { secret_id, secret_id_accessor } = reply.body.data as { secret_id: string; secret_id_accessor: string }
  const grant: Grant = {
    kind: 'vault.approle-secret-id',
    handle: `agent/${secret_id_accessor}`,
    expiresAt: inSeconds(24 * 3_600),
    renewable: false,
  }
  return credential(grant, [secret_id], () => trySecretId(http, roleId, secret_id))
}
