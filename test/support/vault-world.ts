import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { connectVaultAdmin, type VaultAdmin } from '../../infra/vault/admin-client.ts'
import { type VaultStoreConfig, vaultStoreConfig } from '../../schemas/store-vault.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { openStore } from '../../services/stores/registry.ts'
import { vaultDoor } from './vault-door.ts'

/** A credential with its real value, which only the tests hold. */
export type Issued = {
  credential: Credential
  value: string
  /** Tries the value itself at the system that honours it. */
  opens(): Promise<boolean>
}

type Made = { redis: Redis; folder: string; admin: VaultAdmin; issuers: Set<Store>; events: object[]; prefix: string }

/** The real Vault-compatible server and PostgreSQL of the stack, with an issuer's rights. */
export const vaultWorld = async (addresses: StackAddresses) => {
  const made: Made = {
    redis: new Redis(addresses.redisUrl),
    folder: await mkdtemp(path.join(tmpdir(), 'curfew-vault-world-')),
    admin: await connectVaultAdmin(addresses.vault),
    issuers: new Set(),
    events: [],
    prefix: `test-${randomUUID().slice(0, 8)}`,
  }
  const base = await storeConfigOf(made, addresses)
  return {
    admin: made.admin,
    config: base,
    events: made.events,
    redis: made.redis,
    open: (changes: Partial<VaultStoreConfig> = {}): Store => {
      const store = openStore(vaultStoreConfig.parse({ ...base, ...changes }), {
        redis: made.redis,
        redisPrefix: made.prefix,
        log: event => void made.events.push(event),
        sealing: { seal: () => ({ id: '', blob: '' }), open: () => undefined },
      })
      made.issuers.add(store)
      return store
    },
    file: (name: string, text: string) => fileIn(made.folder, name, text),
    ...issuing(made.admin, addresses),
    close: async () => {
      await Promise.all([...made.issuers].map(store => store.close()))
      await made.admin.close()
      await made.redis.quit()
      await rm(made.folder, { recursive: true })
    },
  }
}
export type VaultWorld = Awaited<ReturnType<typeof vaultWorld>>

const fileIn = async (folder: string, name: string, text: string) => {
  const file = path.join(folder, name)
  await writeFile(file, text, { mode: 0o600 })
  return file
}

const storeConfigOf = async (made: Made, { vault, postgres }: StackAddresses): Promise<VaultStoreConfig> => {
  const { host, port, database, probeUser, probePassword } = postgres
  return vaultStoreConfig.parse({
    id: 'vault-main',
    kind: 'vault',
    address: vault.address,
    caFile: vault.caFile === '' ? undefined : vault.caFile,
    auth: {
      roleId: vault.pipelineRoleId,
      secretIdFile: await fileIn(made.folder, 'secret-id', vault.pipelineSecretId),
    },
    targets: [
      {
        leasePrefix: 'database/creds/app/',
        kind: 'postgres',
        probeUrlFile: await fileIn(
          made.folder,
          'probe-url',
          `postgresql://${probeUser}:${encodeURIComponent(probePassword)}@${host}:${port}/${database}`,
        ),
      },
    ],
  })
}

const issuing = (admin: VaultAdmin, addresses: StackAddresses) => {
  const door = vaultDoor(addresses)
  const token = async (options: Record<string, unknown> = {}, parent?: string): Promise<Issued> => {
    const auth = await door.created('auth/token/create', { policies: ['agent'], ttl: '1h', ...options }, parent)
    const value = String(auth.client_token)
    return { credential: { kind: 'vault.token', handle: String(auth.accessor) }, value, opens: () => door.token(value) }
  }
  return {
    door,
    token,
    /** With a token: the lease hangs on it. */
    lease: async (under?: string): Promise<Issued> => {
      const { leaseId, username, password } = await door.login(under)
      return {
        credential: { kind: 'vault.lease', handle: leaseId, target: username },
        value: password,
        opens: () => door.database(username, password),
      }
    },
    secretId: async (): Promise<Issued> => {
      const made = (await admin.call('POST', 'auth/approle/role/agent/secret-id', {})).body.data as Record<
        string,
        string
      >
      const value = String(made.secret_id)
      return {
        credential: { kind: 'vault.approle-secret-id', handle: `agent/${made.secret_id_accessor}` },
        value,
        opens: () => door.appRole(value),
      }
    },
  }
}

export const databaseClient = (addresses: StackAddresses, user: string, password: string) => {
  const { host, port, database } = addresses.postgres
  return new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 5_000 })
}
