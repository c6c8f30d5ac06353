import { z } from 'zod'

/** What `curfew store test` found at one step. `not_tried`: nothing is known of it, and why. */
export const finding = z.object({
  step: z.string(),
  result: z.enum(['fits', 'does_not_fit', 'not_tried']),
  says: z.string(),
})
export type Finding = z.infer<typeof finding>
export const storeTestReport = z.object({
  store: z.string(),
  fits: z.boolean(),
  findings: z.array(finding),
})
export type StoreTestReport = z.infer<typeof storeTestReport>
/** A credential that somebody made for the test, where the product cannot be asked for one. */
export type Brought = { kind: string; handle: string; target?: string | undefined; value?: string | undefined }
