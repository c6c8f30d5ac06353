import { z } from 'zod'
import { postgresPlace } from './postgres-place.ts'
import { storeId } from './primitives.ts'
import { budgetOf, propagationMs } from './store-limits.ts'
import { vaultAccess } from './vault-access.ts'

/** By Vault's own rule for names. */
const name = z.string().regex(/^\w([\w.-]*\w)?$/, 'a name of Vault: letters, digits, dots, dashes')

/**
 * One dynamic role of a database secrets engine (Vault, OpenBao) whose logins are a registered secret's versions: each a PostgreSQL user
 * of its own that ends with its lease. The role's connection must name its users by the display name alone
 * (`username_template = "{{ .DisplayName | truncate 63 }}"`): so it is known before it lives what must be gone.
 */
export const vaultDynamicStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('vault-dynamic'),
  ...vaultAccess,
  mount: z.string().min(1).default('database'),
  /** The dynamic role. Its `default_ttl` must be at least the secret's `lifeMs`. */
  role: name,
  /** The token role that makes a token for each login: orphan, renewable, and allowed nothing but this role's logins. */
  tokenRole: name,
  /** Field of the kept secret that holds the user's name. */
  userField: z.string().min(1).max(64).default('username'),
  /** Where the logins are used: the primary. TLS, verified; in clear only inside this machine. */
  postgres: z.strictObject({
    ...postgresPlace,
    /** File with a connection URL of a login that may read pg_roles: a login that nobody was told is looked for there. */
    probeUrlFile: z.string(),
    timeoutMs: z.int().min(100).default(3_000),
  }),
  /** The role's revocation statements end the user's open sessions. Otherwise those outlive it, and the receipts say so. */
  endsSessions: z.boolean().default(false),
  timeoutMs: z.int().min(100).default(5_000),
  propagationMs,
  budget: budgetOf({ callsPerSecond: 100, burst: 50, inFlight: 16 }),
})
export type VaultDynamicStoreConfig = z.infer<typeof vaultDynamicStoreConfig>
