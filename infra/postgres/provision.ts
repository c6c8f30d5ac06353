import pg from 'pg'
import type { PostgresAddress } from '../stack/addresses.ts'

/** The login with which Vault makes, ends and drops the logins of agents. */
export const managerUser = 'vault_manager'

/**
 * Database, the table that agents may read, Vault's manager and the probe. Running it again changes nothing but the passwords.
 * `pg_signal_backend` lets the manager end sessions of the logins it made; the probe sees roles and sessions, no password hash.
 */
export async function provisionPostgres(address: PostgresAddress, managerPassword: string): Promise<void> {
  await withAdmin(address, 'postgres', async client => {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [address.database])
    if (known.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(address.database)}`)
    await ensureRole(client, managerUser, `LOGIN CREATEROLE PASSWORD ${pg.escapeLiteral(managerPassword)}`)
    await ensureRole(client, address.probeUser, `LOGIN PASSWORD ${pg.escapeLiteral(address.probePassword)}`)
    await ensureRole(client, 'app_reader', 'NOLOGIN')
    await client.query(`GRANT app_reader TO ${managerUser} WITH ADMIN OPTION`)
    await client.query(`GRANT pg_signal_backend TO ${managerUser}`)
    await client.query(`GRANT pg_read_all_stats TO ${pg.escapeIdentifier(address.probeUser)}`)
  })
  await withAdmin(address, address.database, async client => {
    await client.query('CREATE TABLE IF NOT EXISTS door (name text PRIMARY KEY, opens text NOT NULL)')
    await client.query(`INSERT INTO door VALUES ('sample', 'yes') ON CONFLICT DO NOTHING`)
    await client.query('GRANT SELECT ON door TO app_reader')
  })
}

async function ensureRole(client: pg.Client, name: string, options: string): Promise<void> {
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])
  const verb = known.rowCount === 0 ? 'CREATE' : 'ALTER'
  await client.query(`${verb} ROLE ${pg.escapeIdentifier(name)} WITH ${options}`)
}

async function withAdmin(
  address: PostgresAddress,
  database: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const { host, port, adminUser: user, adminPassword: password } = address
  const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
