import { managerUser } from '../postgres/provision.ts'
import type { PostgresAddress } from '../stack/addresses.ts'
import { waitUntil } from '../stack/wait-until.ts'
import type { VaultAdmin } from './admin-client.ts'
import { apply } from './apply.ts'
import {
  canaryStatements,
  creationStatements,
  namedConnection,
  namedTemplate,
  revocationStatements,
} from './dynamic-role.ts'
import { ensureStaticRole } from './static-role.ts'

const renewal = [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`]

/** Two that take turns, and one alone. */
export const sampleStaticRoles = ['rotated-sample-a', 'rotated-sample-b', 'rotated-sample']

/** `databaseHost` is how the Vault server reaches PostgreSQL, where that differs from how we do (containers). */
export async function provisionDatabaseEngine(
  admin: VaultAdmin,
  database: PostgresAddress,
  managerPassword: string,
  databaseHost = `${database.host}:${database.port}`,
): Promise<void> {
  const connection = {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@${databaseHost}/${database.database}?sslmode=disable`,
    username: managerUser,
    password: managerPassword,
    password_authentication: 'scram-sha-256',
    max_open_connections: 16,
    max_idle_connections: 4,
    allowed_roles: ['app', 'curfew-canary', 'rotated-*'],
  }
  await waitUntil('the database engine', 10_000, () => apply(admin, 'database/config/app', connection))
  const named = { ...connection, allowed_roles: ['rotated-*'], username_template: namedTemplate }
  await apply(admin, `database/config/${namedConnection}`, named)
  await apply(admin, 'database/roles/app', {
    db_name: 'app',
    creation_statements: creationStatements,
    renew_statements: renewal,
    revocation_statements: revocationStatements,
    default_ttl: '1h',
    max_ttl: '24h',
  })
  await apply(admin, 'database/roles/curfew-canary', {
    db_name: 'app',
    creation_statements: canaryStatements,
    revocation_statements: revocationStatements,
    default_ttl: '10m',
    max_ttl: '10m',
  })
  for (const role of sampleStaticRoles) await ensureStaticRole(admin, database, role)
}
