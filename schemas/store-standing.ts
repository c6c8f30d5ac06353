import { z } from 'zod'
import { door } from './door.ts'
import { hook } from './hook.ts'
import { storeId } from './primitives.ts'
import { propagationMs, survives } from './store-limits.ts'

/**
 * A server that knows its keys from its environment or its configuration: only a start with another key ends one. With a door and a
 * hook its key can be rotated; without, a grant of it is `impossible: needs rotation`.
 */
export const standingStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('standing'),
    /** Where the key is used: the URL of an MCP server, or any described door. */
    door: z.union([z.url(), door]).optional(),
    /**
     * Makes the server know its keys anew. `{ action: "install", ... }`: from now on accept the staged value too, beside the current one.
     * `{ action: "drop", ... }`: accept only what the keeper has as current. It answers when the server does so.
     */
    hook: hook.optional(),
    caFile: z.string().optional(),
    timeoutMs: z.int().min(100).default(5_000),
    /** A restart takes its time. */
    hookTimeoutMs: z.int().min(100).max(300_000).default(60_000),
    propagationMs,
    survives,
  })
  .refine(one => (one.door === undefined) === (one.hook === undefined), 'door and hook: both or none')
export type StandingStoreConfig = z.infer<typeof standingStoreConfig>
