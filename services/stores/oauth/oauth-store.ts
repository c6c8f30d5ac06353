import type { OauthStoreConfig } from '../../../schemas/store-oauth.ts'
import type { Store } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'

export const oauthStore = (config: OauthStoreConfig, _parts: StoreParts): Store => {
  throw new Error(`stores: ${config.id}: not built yet`)
}
