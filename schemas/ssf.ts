import { z } from 'zod'
import { storeId } from './primitives.ts'

/** What receivers of Security Event Tokens ask (RFC 8936, OpenID Shared Signals Framework 1.0). Unknown fields are ignored. */
const jti = z.string().min(1).max(128)
export const ssfPoll = z.object({
  maxEvents: z.int().min(0).max(1_000).default(100),
  returnImmediately: z.boolean().default(false),
  ack: z.array(jti).max(1_000).default([]),
  /** SETs that the receiver refuses for good, by `jti`. What it says of them is not kept. */
  setErrs: z.record(jti, z.unknown()).default({}),
})
export type SsfPoll = z.infer<typeof ssfPoll>

export const ssfVerification = z.object({ stream_id: storeId, state: z.string().max(512).optional() })
export const ssfQuery = z.object({ stream_id: storeId.optional() })
