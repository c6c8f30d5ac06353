import { readFile } from 'node:fs/promises'
import { Client } from 'pg'
import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane, StoreUse } from '../../pipeline/ports.ts'
import { alike, type Budget, storeBudget } from '../budget.ts'
import type { OnCall, StoreParts } from '../store-parts.ts'
import { within } from '../within.ts'

export type LoginParts = {
  store: string
  postgres: VaultDatabaseStoreConfig['postgres']
  /** Connections are what the agents need too: few at a time, over all processes. */
  budget: Budget
  onCall?: OnCall | undefined
}

/** Connections to PostgreSQL at a time, over all processes: the agents need the others. */
const loginConnections = 8

export const loginBudget = (
  { id, budget, postgres }: Pick<VaultDatabaseStoreConfig, 'id' | 'budget' | 'postgres'>,
  { redis, redisPrefix: prefix }: StoreParts,
): Budget =>
  storeBudget({
    redis,
    prefix,
    store: `${id}/login`,
    limits: alike({ callsPerSecond: budget.callsPerSecond, burst: loginConnections, inFlight: loginConnections }),
    leaseMs: 2 * postgres.timeoutMs + 1_000,
  })

/** The password used where its consumers use it: one login, each time on a new connection. */
export const databaseLogin =
  (parts: LoginParts) =>
  async (username: string, password: string, lane: Lane): Promise<StoreUse> => {
    const slot = await parts.budget.acquire('probe', lane)
    if ('problem' in slot) return { state: 'unknown', problem: slot.problem }
    const started = performance.now()
    const used = await logIn(parts.postgres, username, password).catch(loginAnswer)
    const silent = used.state === 'unknown' && used.problem.code === 'timeout'
    await slot.release(silent ? { silent } : { status: 200 })
    const shown = used.state === 'unknown' ? used.problem.code : used.state
    parts.onCall?.(parts.store, 'database.login', shown, performance.now() - started)
    return used
  }

const loopback = ['127.0.0.1', 'localhost', '::1']

const logIn = async (postgres: LoginParts['postgres'], user: string, password: string): Promise<StoreUse> => {
  const { host, port, database, caFile, timeoutMs } = postgres
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  const client = new Client({
    host,
    port,
    database,
    user,
    password,
    ssl: ca === undefined ? !loopback.includes(host) : { ca },
    connectionTimeoutMillis: timeoutMs,
    application_name: 'curfew-probe',
  })
  // Without a listener, an error after the answer would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return { state: 'accepted' }
  } finally {
    // A frozen server never says goodbye.
    await within(1_000, client.end()).catch(() => undefined)
  }
}

/**
 * Only what PostgreSQL says of this login is a refusal. 28000 is also said of a host that pg_hba.conf does not let in: that is about us.
 * Everything else says nothing: also "too many connections" and a missing database come to living passwords.
 */
export const loginAnswer = (error: unknown): StoreUse => {
  const { code, routine, message } = (error instanceof Error ? error : {}) as Record<string, unknown>
  if (code === '28P01') return { state: 'refused' }
  if (code === '28000' && routine === 'InitializeSessionUserId') return { state: 'refused' }
  return { state: 'unknown', problem: problemOf(String(code ?? ''), String(message ?? '')) }
}

/** Our words and PostgreSQL's code only: its texts may name hosts and logins. */
const problemOf = (code: string, message: string): Problem => {
  const detail = (what: string) => `PostgreSQL login: ${what}${code === '' ? '' : ` (${code.slice(0, 32)})`}`
  if (code === 'ENOENT' || code === 'EACCES') return { code: 'permission', detail: detail('no readable CA file') }
  if (code.startsWith('28')) return { code: 'permission', detail: detail('this host may not log in') }
  if (/timeout/i.test(message)) return { code: 'timeout', detail: detail('no answer') }
  return { code: 'unreachable', detail: detail('cannot log in') }
}
