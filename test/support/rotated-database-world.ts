import type { z } from 'zod'
import { startConsumer } from '../../infra/sample/consumer.ts'
import { tryDatabaseLogin } from '../../infra/sample/doors.ts'
import { keptSecret } from '../../infra/sample/kept-secret.ts'
import type { secretConfig } from '../../schemas/secrets.ts'
import { databaseWorld } from './database-world.ts'
import { sharedStack } from './stack.ts'
import { startWorld } from './world.ts'

type SecretInput = z.input<typeof secretConfig>
type Login = { username: string; password: string }
let worlds = 0

/**
 * PostgreSQL users that Vault rotates, and Curfew. `pair`: two that take turns behind one secret in Vault's KV; else one alone, that
 * its consumers read at `static-creds/<role>`. A client reads the login by name and logs in with it all the time.
 */
export const startRotatedDatabaseWorld = async (
  shape: 'pair' | 'single',
  secret: Partial<SecretInput>,
  { endsSessions = true, statements }: { endsSessions?: boolean; statements?: string[] } = {},
) => {
  const stack = await sharedStack()
  const { addresses } = stack
  const database = await databaseWorld(addresses)
  const [a, b] = [await database.role(statements), await database.role(statements)]
  worlds += 1
  const kept = await keptSecret(addresses, `rotated/database-${process.pid}-${worlds}`)
  const first = await database.creds(a)
  await kept.write({ host: 'kept as it is', username: first.username, password: first.password })
  const { address, caFile, rotatorRoleId } = addresses.vault
  const auth = { roleId: rotatorRoleId, secretIdFile: 'rotator-secret-id' }
  const roles = shape === 'pair' ? { alternating: [[a, b] as [string, string]] } : { single: [a] }
  const keeper =
    shape === 'pair'
      ? { store: 'vault-kv', name: kept.name, fields: { value: 'password' } }
      : { store: database.base.id, name: a }
  const world = await startWorld({
    stores: [
      { id: 'vault-kv', kind: 'vault-kv', address, caFile, auth },
      { ...database.base, auth, endsSessions, ...roles },
    ],
    overrides: {
      secrets: [
        {
          id: 'billing-login',
          tenant: 'acme',
          keeper,
          issuer: { store: database.base.id, kind: 'database.password', firstHandle: `${a}@first`, lifeMs: 86_400_000 },
          ...secret,
        },
      ],
    },
  })
  const read = async (): Promise<Login> => {
    if (shape === 'single') return database.creds(a)
    const data = (await kept.read()) ?? {}
    return { username: data.username ?? '', password: data.password ?? '' }
  }
  const word = ({ username, password }: Login) => JSON.stringify({ username, password })
  const use = async (key: string) => {
    const { username, password } = JSON.parse(key) as Login
    return (await tryDatabaseLogin(addresses, username, password)).seen
  }
  const consumers: { close(): Promise<void> }[] = []
  return {
    world,
    database,
    kept,
    roles: [a, b] as const,
    first: { username: first.username, password: first.password },
    read,
    use,
    word,
    consumer: (more: { callsPerSecond: number; pollMs: number; rereads?: boolean; rereadAfterMs?: number }) => {
      const made = startConsumer({ read: async () => word(await read()), use, ...more })
      consumers.push(made)
      return made
    },
    close: async () => {
      for (const one of consumers) await one.close()
      await world.close()
      await kept.close()
      await database.close()
    },
  }
}
export type RotatedDatabaseWorld = Awaited<ReturnType<typeof startRotatedDatabaseWorld>>
