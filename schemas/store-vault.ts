import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budget, propagationMs } from './store-limits.ts'
import { vaultAccess } from './vault-access.ts'
import { vaultLearn } from './vault-learn.ts'

export const vaultStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('vault'),
  ...vaultAccess,
  /** Mount of the AppRole method whose secret ids are revoked. */
  appRoleMount: z.string().default('approle'),
  timeoutMs: z.int().min(100).default(5_000),
  propagationMs,
  budget,
  /** The systems that enforce leases, by lease id prefix, each with a read-only probe login. */
  targets: z
    .array(
      z.strictObject({
        leasePrefix: z.string().min(1),
        kind: z.literal('postgres'),
        /** File with a connection URL of a login that may read pg_roles. */
        probeUrlFile: z.string(),
        timeoutMs: z.int().min(100).default(3_000),
      }),
    )
    .default([]),
  learn: vaultLearn.optional(),
})
export type VaultStoreConfig = z.infer<typeof vaultStoreConfig>
