import { z } from 'zod'

/** Epoch milliseconds, UTC. Thirteen digits at most: the projection compares them as fixed-width text. */
export const latestEpochMs = 9_999_999_999_999
export const epochMs = z.int().min(0).max(latestEpochMs)
/** A sender's own name for a session or a task: single use inside its tenant (session) or its session (task). */
export const senderId = z.string().min(1).max(256)
export const storeId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a store id is lower case letters, digits and dashes')
/** The store's own non-secret name for a credential: lease id, token accessor, `role/accessor` of a secret id. */
export const handle = z.string().min(1).max(1024)
const labelKey = z.string().regex(/^[A-Za-z0-9][\w./-]{0,62}$/, 'a label is letters, digits and . _ / -')
/** What a sender calls a session or a grant, so that an operator can name many at once: `team: payments`. No secret. */
export const labels = z
  .record(labelKey, z.string().min(1).max(128))
  .refine(all => Object.keys(all).length <= 16, 'at most 16 labels')
export type Labels = z.infer<typeof labels>

/** `kid:HMAC-SHA256(pepper, value)` in hex; the only form in which a value is remembered. */
export const fingerprint = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,32}:[0-9a-f]{64}$/, 'a fingerprint is kid:<64 hex digits>')
/** A value encrypted to Curfew's public intake key, JWE compact serialization (RFC 7516). Opened at the edge and forgotten. */
export const jwe = z
  .string()
  .max(65_536)
  .regex(/^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/, 'a JWE in compact serialization')
export const hexId = z.string().regex(/^[0-9a-f]{32}$/)
export const durationMs = z
  .int()
  .min(1_000)
  .max(366 * 86_400_000)

/** The tenant of the canary's own sessions: every admin may see it, no principal of the config is in it. */
export const canaryTenant = 'curfew'

/** Where secrets or signed words travel to: in clear only inside this machine, and no login in the address. */
export const safeUrl = z
  .url()
  .refine(url => /^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url), 'https, or this machine')
  .refine(url => !/^[a-z]+:\/\/[^/]*@/.test(url), 'no login in the address')
