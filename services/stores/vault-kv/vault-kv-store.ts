import type { VaultKvStoreConfig } from '../../../schemas/store-vault-kv.ts'
import type { Store } from '../../pipeline/ports.ts'
import { impossibleStore } from '../impossible-store.ts'
import type { StoreParts } from '../store-parts.ts'
import { openVault } from '../vault/open-vault.ts'
import { kvCalls } from './kv-calls.ts'
import { kvKeeper } from './kv-keeper.ts'

/** What a session read at a path that is in no registry: whatever honours it is not known. */
const notRegistered = 'a version of a secret that is in no registry entry: needs rotation'

/** Vault's KV version 2: it keeps, and honours nothing. */
export const vaultKvStore = (config: VaultKvStoreConfig, parts: StoreParts): Store => {
  const vault = openVault(config, parts)
  return {
    ...impossibleStore(config.id, 'keeper', notRegistered),
    keeper: kvKeeper(kvCalls(vault.call, config.mount), config.stagedSuffix),
    close: vault.close,
  }
}
