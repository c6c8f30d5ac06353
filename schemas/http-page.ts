import { z } from 'zod'
import { grantList } from './http.ts'
import { secretEntry } from './http-secrets.ts'
import { epochMs } from './primitives.ts'
import { receipt } from './receipt.ts'
import { status } from './status.ts'

/** GET /v1/stream: what the page shows, as Server-Sent Events. Each section comes whole, and only when it has changed. */

/** How many credentials are due by themselves in each minute to come. */
export const expiries = z.object({
  from: epochMs,
  stepMs: z.int(),
  counts: z.array(z.int()),
  /** False: there are too many to look at each; one that is due by two clocks may be counted twice. */
  exact: z.boolean(),
})
export type Expiries = z.infer<typeof expiries>

export const deadLetterCount = z.object({ topic: z.string(), reason: z.string(), count: z.int() })
export type DeadLetterCount = z.infer<typeof deadLetterCount>

/** Newest first; `total` counts also what is not listed. */
const receipts = z.object({ total: z.int(), listed: z.array(receipt), complete: z.boolean() })
export type ShownReceipts = z.infer<typeof receipts>

export const pageSections = z.object({
  status,
  /** Oldest first. Without `pastDueMs`: the reader's clock runs. */
  pastDue: grantList,
  /** The next to die by themselves. */
  next: grantList,
  secrets: z.array(secretEntry),
  expiries,
  /** What cannot be revoked and may be honoured still; leaks of the last day; what was never seen alive. */
  ended: z.object({ exposed: receipts, leaked: receipts, unproven: receipts }),
  deadLetters: z.array(deadLetterCount),
})
export type PageSections = z.infer<typeof pageSections>

/** One message. `at`: when it was sent, `readAt`: when the state was read, both by the server's clock. */
export const pageChange = z.object({ at: epochMs, readAt: epochMs, sections: pageSections.partial() })
export type PageChange = z.infer<typeof pageChange>
/** The state cannot be read now: what was shown is the past. */
export const pageTrouble = z.object({ at: epochMs, code: z.string(), message: z.string() })
export type PageTrouble = z.infer<typeof pageTrouble>
