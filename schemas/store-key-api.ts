import { z } from 'zod'
import { door } from './door.ts'
import { budgetGroup, lockout } from './preset.ts'
import { storeId } from './primitives.ts'
import { survives } from './store-limits.ts'

/** A product that issues API keys and names each by an id; how it is spoken to is a preset's matter (schemas/preset.ts). */
export const keyApiStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('key-api'),
    /** A preset that comes with Curfew, or a file of your own. One of the two. */
    preset: z.string().optional(),
    presetFile: z.string().optional(),
    /** Where the preset's paths begin. */
    address: z.url(),
    parameters: z.record(z.string(), z.string().min(1)).default({}),
    secrets: z.record(z.string(), z.strictObject({ file: z.string() })).default({}),
    /** Whose eyes Curfew looks with: change it when the login becomes another account. Absent: the parameters that the preset logs in with. */
    actsAs: z.string().min(1).max(64).optional(),
    /** Where a key is used: the URL for the preset's door, or a door of your own. */
    door: z.union([z.url(), door]).optional(),
    caFile: z.string().optional(),
    timeoutMs: z.int().min(100).default(5_000),
    /** Absent: the preset's window. */
    propagationMs: z.int().min(0).max(3_600_000).optional(),
    /** Added to the preset's. */
    survives,
    /** Instead of the preset's, by group. */
    budgets: z.record(z.string(), budgetGroup).default({}),
    /** Instead of the preset's; `false`: this instance locks nobody out. */
    lockout: z.union([lockout, z.literal(false)]).optional(),
  })
  .refine(one => (one.preset === undefined) !== (one.presetFile === undefined), 'one of preset, presetFile')
export type KeyApiStoreConfig = z.infer<typeof keyApiStoreConfig>
