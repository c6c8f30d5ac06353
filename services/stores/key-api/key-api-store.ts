import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import type { Store } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'

export const keyApiStore = (config: KeyApiStoreConfig, _parts: StoreParts): Store => {
  throw new Error(`stores: ${config.id}: not built yet`)
}
