import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Store } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'

export const awsStore = (config: AwsStoreConfig, _parts: StoreParts): Store => {
  throw new Error(`stores: ${config.id}: not built yet`)
}
