import { Client } from 'pg'
import type { CredentialKind } from '../../schemas/grant.ts'
import type { StackAddresses } from '../stack/addresses.ts'
import { type VaultHttp, type VaultReply, vaultHttp } from './vault-http.ts'

export type Door = 'accepted' | 'refused' | 'unknown'
/** A credential as its holder has it: the grant that Curfew is told of, the values that only the holder knows, and its use. */
export type SampleCredential = {
  grant: { kind: CredentialKind; handle: string; target?: string; expiresAt?: string; renewable: boolean }
  values: string[]
  /** Tries the credential at the door that it opens. */
  use(): Promise<Door>
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
  return reply.body.auth as { client_token: string; accessor: string; lease_duration: number; renewable: boolean }
}
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()

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
  const renewable = options.renewable ?? false
  const batch = type === 'batch'
  return {
    grant: {
      kind: batch ? 'vault.batch-token' : 'vault.token',
      handle: batch ? `batch-${crypto.randomUUID()}` : auth.accessor,
      expiresAt: inSeconds(ttlSeconds),
      renewable,
    },
    values: [auth.client_token],
    use: async () => door(await http.call('GET', 'secret/data/sample/door', auth.client_token), 200, 403),
  }
}

const makeDatabaseLogin = async (
  http: VaultHttp,
  own: string,
  { postgres }: StackAddresses,
): Promise<SampleCredential> => {
  const reply = await http.call('GET', 'database/creds/app', own)
  if (reply.status !== 200) throw new Error(`the sample issuer got ${reply.status} from the database engine`)
  const { lease_id, lease_duration } = reply.body as { lease_id: string; lease_duration: number }
  const { username, password } = reply.body.data as { username: string; password: string }
  return {
    grant: {
      kind: 'vault.lease',
      handle: lease_id,
      target: username,
      expiresAt: inSeconds(lease_duration),
      renewable: true,
    },
    values: [password],
    use: async () => {
      const { host, port, database } = postgres
      const client = new Client({ host, port, database, user: username, password, connectionTimeoutMillis: 3_000 })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.query('select name from door limit 1')
        return 'accepted'
      } catch (error) {
        // invalid_password and invalid_authorization_specification: refused; all else says nothing.
        return ['28P01', '28000'].includes((error as { code?: string }).code ?? '') ? 'refused' : 'unknown'
      } finally {
        await client.end().catch(() => undefined)
      }
    },
  }
}

const makeSecretId = async (http: VaultHttp, own: string, roleId: string): Promise<SampleCredential> => {
  const reply = await http.call('POST', 'auth/approle/role/agent/secret-id', own, {})
  const { secret_id, secret_id_accessor } = reply.body.data as { secret_id: string; secret_id_accessor: string }
  return {
    grant: {
      kind: 'vault.approle-secret-id',
      handle: `agent/${secret_id_accessor}`,
      expiresAt: inSeconds(24 * 3_600),
      renewable: false,
    },
    values: [secret_id],
    use: async () => {
      const login = await http.call('POST', 'auth/approle/login', undefined, { role_id: roleId, secret_id })
      // The login itself makes a token, which is not what is tried here.
      if (login.status === 200) await http.call('POST', 'auth/token/revoke-self', authOf(login).client_token)
      return door(login, 200, 400)
    },
  }
}

const door = (reply: VaultReply, yes: number, no: number): Door =>
  reply.status === yes ? 'accepted' : reply.status === no ? 'refused' : 'unknown'
