import { z } from 'zod'
import { storeId } from './primitives.ts'

/** A server that knows one key from its environment or its configuration: only rotating it ends it. */
export const standingStoreConfig = z.strictObject({ id: storeId, kind: z.literal('standing') })
export type StandingStoreConfig = z.infer<typeof standingStoreConfig>
