import { z } from 'zod'

export const planId = z.string().regex(/^pl_[0-9a-z]{6,32}$/, 'a plan is pl_ and letters')
/** A principal, as facts name it. */
export const principalId = z.string().max(128)

/** What a plan leaves on each fact that it forces. */
export const ofPlan = {
  plan: planId.optional(),
  /** The second person. */
  approvedBy: principalId.optional(),
  /** One person alone, over the cap. */
  breakGlass: z.literal(true).optional(),
}
/** Who forced an end, and why. */
export const force = z.object({ by: principalId, reason: z.string().max(256), ...ofPlan })
export type Force = z.infer<typeof force>
