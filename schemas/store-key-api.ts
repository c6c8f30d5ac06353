import { z } from 'zod'
import { storeId } from './primitives.ts'

/** A key API that is described by a preset, not coded. */
export const keyApiStoreConfig = z.strictObject({ id: storeId, kind: z.literal('key-api') })
export type KeyApiStoreConfig = z.infer<typeof keyApiStoreConfig>
