import { z } from 'zod'
import { postgresPlace } from './postgres-place.ts'
import { storeId } from './primitives.ts'
import { budgetOf, propagationMs } from './store-limits.ts'
import { vaultAccess } from './vault-access.ts'

/** A static role of Vault's database engine, by Vault's own rule for names: never an `@`. */
const role = z.string().regex(/^\w([\w.-]*\w)?$/, 'the name of a static role')

/**
 * Static roles of a database secrets engine (Vault, OpenBao), each a PostgreSQL user whose password Vault makes and keeps. Their
 * `rotation_period` must be longer than a secret's `lifeMs`: what Vault rotates by itself takes the password away from its consumers.
 */
export const vaultDatabaseStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('vault-database'),
    ...vaultAccess,
    mount: z.string().min(1).default('database'),
    /** Two users that take turns behind one secret of another keeper: the one that consumers do not use is rotated. */
    alternating: z.array(z.tuple([role, role])).default([]),
    /** One user alone: it is rotated in place, and consumers read it at `static-creds/<role>`. This store is then their keeper too. */
    single: z.array(role).default([]),
    /** Field of the kept secret that holds the user's name. */
    userField: z.string().min(1).max(64).default('username'),
    /** Where the passwords are used: the primary. TLS, verified; in clear only inside this machine. */
    postgres: z.strictObject({
      ...postgresPlace,
      timeoutMs: z.int().min(100).default(3_000),
    }),
    /** The roles' rotation statements end the user's open sessions. Otherwise those outlive a rotation, and the receipts say so. */
    endsSessions: z.boolean().default(false),
    timeoutMs: z.int().min(100).default(5_000),
    propagationMs,
    budget: budgetOf({ callsPerSecond: 100, burst: 50, inFlight: 16 }),
  })
  .superRefine(({ alternating, single }, context) => {
    const roles = [...alternating.flat(), ...single]
    const twice = roles.find((one, at) => roles.indexOf(one) !== at)
    if (twice !== undefined) context.addIssue({ code: 'custom', message: `static role "${twice}" is named twice` })
    if (roles.length === 0)
      context.addIssue({ code: 'custom', message: 'alternating or single: name at least one static role' })
  })
export type VaultDatabaseStoreConfig = z.infer<typeof vaultDatabaseStoreConfig>
