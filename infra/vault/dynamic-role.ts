import type { VaultAdmin } from './admin-client.ts'
import { apply } from './apply.ts'

/** Dropping a role does not end its open sessions. */
export const revocationStatements = [
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
  `DROP ROLE IF EXISTS "{{name}}"`,
]
export const creationStatements = [
  `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_reader`,
]
/** A login that may nothing: it lives to die. */
export const canaryStatements = [
  `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
]
/** The connection whose users are named by the display name alone, so that a login is known before it lives. */
export const namedConnection = 'rotated'
export const namedTemplate = '{{ .DisplayName | truncate 63 }}'

/** A dynamic role whose logins a registered secret holds. Only names that begin with `rotated` may be. */
export const ensureDynamicRole = async (
  admin: VaultAdmin,
  role: string,
  { ttl = '48h', connection = namedConnection }: { ttl?: string; connection?: string } = {},
): Promise<string> => {
  await apply(admin, `database/roles/${role}`, {
    db_name: connection,
    creation_statements: creationStatements,
    renew_statements: [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`],
    revocation_statements: revocationStatements,
    default_ttl: ttl,
    max_ttl: ttl,
  })
  return role
}
