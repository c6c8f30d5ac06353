import { z } from 'zod'
import { epochMs } from './primitives.ts'

/** What could not be taken in: where it came from and why, never the payload: it may hold a secret. */
export const deadLetter = z.object({
  /** A stable code, such as `invalid_data` or `not_allowed`. */
  reason: z.string(),
  /** For people; quotes nothing of the payload. */
  detail: z.string(),
  topic: z.string(),
  partition: z.int().min(0),
  offset: z.string().regex(/^\d+$/),
  payloadSha256: z.string().regex(/^[0-9a-f]{64}$/),
  receivedAt: epochMs,
  principal: z.string(),
  /** The same letter again, under the same key: a replay took its record in. */
  resolved: z.object({ at: epochMs, by: z.string(), facts: z.int().min(0) }).optional(),
})
export type DeadLetter = z.infer<typeof deadLetter>
