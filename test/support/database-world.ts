import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { z } from 'zod'
import { tryDatabaseLogin } from '../../infra/sample/doors.ts'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { connectVaultAdmin } from '../../infra/vault/admin-client.ts'
import { ensureStaticRole } from '../../infra/vault/static-role.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import { vaultDatabaseStoreConfig } from '../../schemas/store-vault-database.ts'
import { vaultKvStoreConfig } from '../../schemas/store-vault-kv.ts'
import type { StoreConfig } from '../../schemas/stores.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { openStore } from '../../services/stores/registry.ts'

type Changes = Partial<z.input<typeof vaultDatabaseStoreConfig>>
export type StaticCreds = { username: string; password: string; last_vault_rotation: string }

/** Static roles of this world only, at the real server and the real PostgreSQL, and stores that may rotate them. */
export const databaseWorld = async (addresses: StackAddresses) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'curfew-database-'))
  const admin = await connectVaultAdmin(addresses.vault)
  const redis = new Redis(addresses.redisUrl)
  const redisPrefix = `test-${randomUUID().slice(0, 8)}`
  const seals = sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 7)]]) })
  const stores: Store[] = []
  const made: { role: string; user: string }[] = []
  const file = (text: string) => {
    const at = path.join(folder, randomUUID())
    writeFileSync(at, text, { mode: 0o600 })
    return at
  }
  const { vault, postgres } = addresses
  const base = {
    id: 'billing-db',
    kind: 'vault-database' as const,
    address: vault.address,
    caFile: vault.caFile,
    auth: { roleId: vault.rotatorRoleId, secretIdFile: file(vault.rotatorSecretId) },
    postgres: { host: postgres.host, port: postgres.port, database: postgres.database },
  }
  const opened = (config: StoreConfig): Store => {
    const store = openStore(config, { redis, redisPrefix, log: () => undefined, sealing: seals })
    stores.push(store)
    return store
  }
  const creds = async (role: string) =>
    (await admin.call('GET', `database/static-creds/${role}`)).body.data as StaticCreds
  return {
    admin,
    base,
    redis,
    file,
    creds,
    /** What consumers of the single role, or the kept secret of a pair, hold now. */
    current: async (role: string) => {
      const { last_vault_rotation, password, username } = await creds(role)
      return { handle: `${role}@${last_vault_rotation}`, password, username }
    },
    role: async (statements?: string[]) => {
      const one = await ensureStaticRole(admin, postgres, `rotated-${randomUUID().slice(0, 13)}`, statements)
      made.push(one)
      return one.role
    },
    seals,
    opened,
    /** A login that may nothing. */
    powerless: async () => {
      const at = 'auth/approle/role/curfew-powerless-rotator'
      const policy = 'path "auth/token/lookup-self" { capabilities = ["read"] }'
      await admin.call('POST', 'sys/policies/acl/curfew-powerless', { policy })
      await admin.call('POST', at, { token_policies: ['curfew-powerless'], token_no_default_policy: true })
      const { role_id } = (await admin.call('GET', `${at}/role-id`)).body.data as { role_id: string }
      const { secret_id } = (await admin.call('POST', `${at}/secret-id`, {})).body.data as { secret_id: string }
      return { roleId: role_id, secretIdFile: file(secret_id) }
    },
    open: (changes: Changes): Store => opened(vaultDatabaseStoreConfig.parse({ ...base, ...changes })),
    /** Where a pair's secret is kept. */
    keeper: (): Store =>
      opened(
        vaultKvStoreConfig.parse({
          id: 'vault-kv',
          kind: 'vault-kv',
          address: base.address,
          caFile: base.caFile,
          auth: base.auth,
        }),
      ),
    credential: (handle: string, password: string): Credential => ({
      kind: 'database.password',
      handle,
      sealed: [seals.seal(credentialId(base.id, handle), password).blob],
      valueSealed: true,
    }),
    secret: (role: string, lifeMs = 86_400_000) =>
      secretConfig.parse({
        id: 'one',
        tenant: 'acme',
        keeper: { store: base.id, name: role },
        issuer: { store: base.id, kind: 'database.password', lifeMs },
        overlapMs: 0,
      }),
    opens: async (user: string, password: string) => {
      const { seen, answer } = await tryDatabaseLogin(addresses, user, password)
      if (seen === 'unknown') throw new Error(`the door answered ${answer}`)
      return seen === 'accepted'
    },
    session: async (user: string, password: string) => {
      const client = new pg.Client({ ...base.postgres, user, password, connectionTimeoutMillis: 5_000 })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    asAdmin: <T>(work: (client: pg.Client) => Promise<T>) => asAdmin(addresses, work),
    close: async () => {
      for (const store of stores) await store.close()
      for (const { role } of made) await admin.call('DELETE', `database/static-roles/${role}`)
      await asAdmin(addresses, async client => {
        for (const { user } of made) await client.query(`DROP ROLE IF EXISTS ${pg.escapeIdentifier(user)}`)
      })
      await admin.close()
      await redis.quit()
      rmSync(folder, { recursive: true })
    },
  }
}
export type DatabaseWorld = Awaited<ReturnType<typeof databaseWorld>>

const asAdmin = async <T>({ postgres }: StackAddresses, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const { host, port, database, adminUser: user, adminPassword: password } = postgres
  const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 5_000 })
  await client.connect()
  return work(client).finally(() => client.end())
}
