import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budgetOf } from './store-limits.ts'
import { vaultAccess } from './vault-access.ts'

/** A KV version 2 mount of Vault: a keeper of registered secrets. Its login may write them: another one than the revoker's. */
export const vaultKvStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('vault-kv'),
  ...vaultAccess,
  mount: z.string().min(1).default('secret'),
  /** KV has no staging labels: what is not promoted yet lies at the secret's path with this ending. */
  stagedSuffix: z.string().min(1).default('-staged'),
  timeoutMs: z.int().min(100).default(5_000),
  budget: budgetOf({ callsPerSecond: 100, burst: 50, inFlight: 16 }),
})
export type VaultKvStoreConfig = z.infer<typeof vaultKvStoreConfig>
