import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { keptSecret } from '../../infra/sample/kept-secret.ts'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { ensureDynamicRole } from '../../infra/vault/dynamic-role.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import { vaultDynamicStoreConfig } from '../../schemas/store-vault-dynamic.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { Credential, Issued, Reserved, Store } from '../../services/pipeline/ports.ts'
import { databaseWorld } from './database-world.ts'

type Changes = Partial<z.input<typeof vaultDynamicStoreConfig>>
export const lifeMs = 24 * 3_600_000

/** Dynamic roles of this world only, at the real server and the real PostgreSQL, each behind a secret in Vault's KV. */
export const dynamicWorld = async (addresses: StackAddresses) => {
  const database = await databaseWorld(addresses)
  const { postgres } = addresses
  const { probeUser, probePassword, host, port } = postgres
  const probeUrl = `postgresql://${probeUser}:${encodeURIComponent(probePassword)}@${host}:${port}/${postgres.database}`
  const base = {
    ...database.base,
    id: 'billing-logins',
    kind: 'vault-dynamic' as const,
    tokenRole: 'curfew-rotated-login',
    postgres: { ...database.base.postgres, probeUrlFile: database.file(probeUrl) },
  }
  const roles: string[] = []
  const secretOf = (name: string) =>
    secretConfig.parse({
      id: 'one',
      tenant: 'acme',
      keeper: { store: 'vault-kv', name, fields: { value: 'password' } },
      issuer: { store: base.id, kind: 'database.login', lifeMs },
      overlapMs: 0,
      maxAgeMs: lifeMs / 2,
    })
  return {
    ...database,
    base,
    role: async (more: { ttl?: string; connection?: string } = {}) => {
      const role = await ensureDynamicRole(database.admin, `rotated-${randomUUID().slice(0, 13)}`, more)
      roles.push(role)
      return role
    },
    open: (role: string, changes: Changes = {}): Store =>
      database.opened(vaultDynamicStoreConfig.parse({ ...base, role, endsSessions: true, ...changes })),
    secretOf,
    /** An empty secret: its first version comes with the first rotation. */
    kept: async () => keptSecret(addresses, `rotated/${randomUUID()}`),
    credential: (handle: string, password?: string, target?: string): Credential => ({
      kind: 'database.login',
      handle,
      ...(target === undefined ? {} : { target }),
      ...(password === undefined
        ? {}
        : { sealed: [database.seals.seal(credentialId(base.id, handle), password).blob], valueSealed: true }),
    }),
    inRoles: (user: string) =>
      database.asAdmin(async client => {
        const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user])
        return rowCount === 1
      }),
    close: async () => {
      for (const role of roles) await database.admin.call('POST', `sys/leases/revoke-prefix/database/creds/${role}`)
      for (const role of roles) await database.admin.call('DELETE', `database/roles/${role}`)
      await database.close()
    },
  }
}
export type DynamicWorld = Awaited<ReturnType<typeof dynamicWorld>>

/** Reserved and filled, as the rotation does it. */
export const issued = async (store: Store, name: string): Promise<Issued> => {
  const made = await (await reserved(store, name)).fill()
  if ('problem' in made) throw new Error(made.problem.detail)
  return made
}
export const reserved = async (store: Store, name: string): Promise<Reserved> => {
  const made = await store.reserve?.({ name, lifeMs })
  if (!made || !('fill' in made)) throw new Error(JSON.stringify(made))
  return made
}
