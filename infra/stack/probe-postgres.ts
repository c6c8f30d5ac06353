import pg from 'pg'
import type { PostgresAddress } from './addresses.ts'

export async function probePostgres(address: PostgresAddress): Promise<void> {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.adminUser,
    password: address.adminPassword,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}
