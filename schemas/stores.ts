import { z } from 'zod'
import { awsStoreConfig } from './store-aws.ts'
import { awsStsStoreConfig } from './store-aws-sts.ts'
import { keyApiStoreConfig } from './store-key-api.ts'
import { oauthStoreConfig } from './store-oauth.ts'
import { standingStoreConfig } from './store-standing.ts'
import { vaultStoreConfig } from './store-vault.ts'
import { vaultDatabaseStoreConfig } from './store-vault-database.ts'
import { vaultDynamicStoreConfig } from './store-vault-dynamic.ts'
import { vaultKvStoreConfig } from './store-vault-kv.ts'

/** A configured instance of a store; events name its id, never an address. */
export const storeConfig = z.discriminatedUnion('kind', [
  vaultStoreConfig,
  vaultKvStoreConfig,
  vaultDatabaseStoreConfig,
  vaultDynamicStoreConfig,
  oauthStoreConfig,
  keyApiStoreConfig,
  awsStoreConfig,
  awsStsStoreConfig,
  standingStoreConfig,
])
export type StoreConfig = z.infer<typeof storeConfig>
