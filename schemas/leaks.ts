import { z } from 'zod'
import { jwe } from './primitives.ts'

/** POST /v1/leaks: findings of a scanner, each value sealed to the key of GET /v1/keys. */
export const leaksRequest = z.strictObject({
  /** Only asks which known credentials have these values: nothing is recorded. */
  dryRun: z.boolean().default(false),
  findings: z
    .array(
      z.strictObject({
        /** The sender's own name for the finding: sent again, it has no second effect. */
        id: z.string().min(1).max(256),
        source: z.string().max(256).optional(),
        sealed: z.array(jwe).min(1).max(64),
      }),
    )
    .min(1)
    .max(200),
})
export type LeaksRequest = z.input<typeof leaksRequest>

/** Grants of the asker's tenant that have one of the values, dead ones apart. */
export const leakMatch = z.object({ alive: z.int().min(0), dead: z.int().min(0) })
export type LeakMatch = z.infer<typeof leakMatch>
export const leaksAnswer = z.object({
  facts: z.int(),
  /** `matched` is absent where the state could not be read: the leak is recorded all the same. */
  findings: z.array(z.object({ id: z.string(), matched: leakMatch.optional() })),
})
export type LeaksAnswer = z.infer<typeof leaksAnswer>

/** POST /v1/inbox/<sender>: what was taken. `nothing`: what had no effect, by its code. */
export const inboxAnswer = z.object({
  events: z.int().min(0),
  leaks: z.int().min(0),
  nothing: z.record(z.string(), z.int().min(0)),
})
export type InboxAnswer = z.infer<typeof inboxAnswer>

/** One finding of a report, as read on the machine that has the report. `values` never leave it unsealed. */
export type ReportFinding = {
  /** The scanner's rule or detector. */
  detector: string
  /** File and line, or where else. */
  where: string
  /** Whole values and fields; empty: the report is redacted there. */
  values: string[]
}
export type Report = {
  format: 'trufflehog' | 'gitleaks' | 'betterleaks'
  findings: ReportFinding[]
  unreadable: number
}
