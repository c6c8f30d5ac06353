import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budget, propagationMs, survives } from './store-limits.ts'

/** An OAuth authorization server (RFC 7009, RFC 7662), found by RFC 8414 or through a resource by RFC 9728. */
export const oauthStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('oauth'),
  /** The issuer identifier. One of `issuer` and `resource`. */
  issuer: z.url().optional(),
  timeoutMs: z.int().min(100).default(5_000),
  propagationMs,
  survives,
  budget,
})
export type OauthStoreConfig = z.infer<typeof oauthStoreConfig>
