import type { StoreConfig } from '../../schemas/stores.ts'
import type { Store } from '../pipeline/ports.ts'
import { awsStore } from './aws/aws-store.ts'
import { awsStsStore } from './aws-sts/aws-sts-store.ts'
import { keyApiStore } from './key-api/key-api-store.ts'
import { oauthStore } from './oauth/oauth-store.ts'
import { standingStore } from './standing-store.ts'
import type { StoreParts } from './store-parts.ts'
import { vaultStore } from './vault/vault-store.ts'
import { vaultDatabaseStore } from './vault-database/vault-database-store.ts'
import { vaultDynamicStore } from './vault-dynamic/vault-dynamic-store.ts'
import { vaultKvStore } from './vault-kv/vault-kv-store.ts'

type Factories = {
  [K in StoreConfig['kind']]: (config: Extract<StoreConfig, { kind: K }>, parts: StoreParts) => Store
}

/** One line per kind of store. */
const factories: Factories = {
  vault: vaultStore,
  'vault-kv': vaultKvStore,
  'vault-database': vaultDatabaseStore,
  'vault-dynamic': vaultDynamicStore,
  oauth: oauthStore,
  'key-api': keyApiStore,
  'aws-secrets-manager': awsStore,
  'aws-sts': awsStsStore,
  standing: standingStore,
}

export const openStore = (config: StoreConfig, parts: StoreParts): Store =>
  (factories[config.kind] as (config: StoreConfig, parts: StoreParts) => Store)(config, parts)
