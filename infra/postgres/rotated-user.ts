import pg from 'pg'
import type { PostgresAddress } from '../stack/addresses.ts'
import { managerUser } from './provision.ts'

/** A user whose password Vault rotates: its manager may alter this one, and no other that it did not make. */
export const ensureRotatedUser = async (address: PostgresAddress, user: string): Promise<void> => {
  const { host, port, database, adminUser, adminPassword: password } = address
  const client = new pg.Client({ host, port, database, user: adminUser, password, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user])
    const name = pg.escapeIdentifier(user)
    if (known.rowCount === 0) await client.query(`CREATE ROLE ${name} LOGIN IN ROLE app_reader`)
    await client.query(`GRANT ${name} TO ${managerUser} WITH ADMIN OPTION`)
  } finally {
    await client.end()
  }
}
