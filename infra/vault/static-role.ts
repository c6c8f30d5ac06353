import { ensureRotatedUser } from '../postgres/rotated-user.ts'
import type { PostgresAddress } from '../stack/addresses.ts'
import type { VaultAdmin } from './admin-client.ts'
import { apply } from './apply.ts'

/** The second statement ends what is open already; without it, sessions outlive the password. */
export const rotationStatements = [
  `ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}'`,
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
]
/** Curfew's schedule rotates, never Vault's own. */
const rotationPeriod = '87600h'

/** A PostgreSQL user and the static role of the same name, with dashes. Only names that begin with `rotated` may be static. */
export const ensureStaticRole = async (
  admin: VaultAdmin,
  database: PostgresAddress,
  role: string,
  statements = rotationStatements,
): Promise<{ role: string; user: string }> => {
  const user = role.replaceAll('-', '_')
  await ensureRotatedUser(database, user)
  const known = await admin.call('GET', `database/static-roles/${role}`)
  if (known.status !== 200)
    await apply(admin, `database/static-roles/${role}`, {
      db_name: 'app',
      username: user,
      rotation_period: rotationPeriod,
      rotation_statements: statements,
    })
  return { role, user }
}
