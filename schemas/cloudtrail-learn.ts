import { z } from 'zod'
import { durationMs } from './primitives.ts'

const pattern = z.string().refine(text => {
  try {
    return new RegExp(text).source.includes('(?<session>')
  } catch {
    return false
  }
}, 'a regular expression with the group (?<session>...)')

/** Who made or read a secret, learned from CloudTrail (EventBridge) on a Kafka topic. Minutes late: its bound counts from the reading. */
export const cloudTrailLearn = z.strictObject({
  /** Whose grants they are: its tenant, and its right to grant at this store. */
  principal: z.string(),
  topic: z.string(),
  /** Names of the roles that agents assume. */
  roles: z.array(z.string().min(1)).min(1),
  /** Which part of the role session's name is the session, and which the task (group `task`). */
  sessionName: pattern.default('^(?<session>.+)$'),
  /** Names of secrets, exact or beginnings with `*`. Nothing else is looked at. */
  secrets: z.array(z.string().regex(/^[^*]+\*?$/, 'a name, with * at its end only')).min(1),
  sessionStart: z.strictObject({ maxLifeMs: durationMs.optional(), idleMs: durationMs.optional() }).optional(),
})
export type CloudTrailLearn = z.infer<typeof cloudTrailLearn>
