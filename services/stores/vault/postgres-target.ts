import { readFile } from 'node:fs/promises'
import { Client } from 'pg'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane, ProbeResult } from '../../pipeline/ports.ts'
import type { Budget } from '../budget.ts'
import type { OnCall } from '../store-parts.ts'
import { within } from '../within.ts'

/** The system that enforces leases under a prefix. */
export type LeaseTarget = { leasePrefix: string; probe(name: string, lane: Lane): Promise<ProbeResult> }
export type PostgresTargetParts = {
  store: string
  leasePrefix: string
  probeUrlFile: string
  timeoutMs: number
  /** Connections are what the agents need too: few at a time, over all processes. */
  budget: Budget
  onCall?: OnCall | undefined
}

/** A role in pg_roles can log in; an absent one cannot. Read with a read-only login, each time on a new connection. */
export const postgresTarget = (parts: PostgresTargetParts): LeaseTarget => ({
  leasePrefix: parts.leasePrefix,
  probe: async (name, lane) => {
    const slot = await parts.budget.acquire('probe', lane)
    if ('problem' in slot) return { state: 'unknown', problem: slot.problem }
    const started = performance.now()
    const result = await look(parts, name).catch(
      (error: unknown): ProbeResult => ({ state: 'unknown', problem: postgresProblem(error) }),
    )
    const silent = result.state === 'unknown' && result.problem.code === 'timeout'
    await slot.release(silent ? { silent } : { status: 200 })
    const shown = result.state === 'unknown' ? result.problem.code : result.state
    parts.onCall?.(parts.store, 'target.probe', shown, performance.now() - started)
    return result
  },
})

const look = async (parts: PostgresTargetParts, name: string): Promise<ProbeResult> => {
  const client = new Client({
    connectionString: (await readFile(parts.probeUrlFile, 'utf8')).trim(),
    connectionTimeoutMillis: parts.timeoutMs,
    query_timeout: parts.timeoutMs,
    application_name: 'curfew-probe',
  })
  // Without a listener, an error after the answer would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const answer = await client.query<{ there: boolean; standby: boolean }>(
      'select exists (select from pg_catalog.pg_roles where rolname = $1) as there, pg_catalog.pg_is_in_recovery() as standby',
      [name],
    )
    const row = answer.rows[0]
    if (!row) return { state: 'unknown', problem: { code: 'protocol', detail: 'PostgreSQL answered no row' } }
    if (row.there) return { state: 'alive', evidence: 'target' }
    if (!row.standby) return { state: 'dead', evidence: 'target' }
    return { state: 'unknown', problem: { code: 'protocol', detail: 'the probe login leads to a PostgreSQL standby' } }
  } finally {
    // A frozen server never says goodbye.
    await within(1_000, client.end()).catch(() => undefined)
  }
}

/** Our words and PostgreSQL's code only: its texts may name hosts and logins. */
const postgresProblem = (error: unknown): Problem => {
  const code = error instanceof Error ? String((error as { code?: unknown }).code ?? '') : ''
  const detail = (what: string) => `PostgreSQL probe: ${what}${code === '' ? '' : ` (${code})`}`
  if (code === 'ENOENT' || code === 'EACCES') return { code: 'permission', detail: detail('no readable URL file') }
  if (code.startsWith('28') || code === '42501') return { code: 'permission', detail: detail('login refused') }
  if (error instanceof Error && /timeout/i.test(error.message)) return { code: 'timeout', detail: detail('no answer') }
  return { code: 'unreachable', detail: detail('cannot connect') }
}
