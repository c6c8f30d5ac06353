import { z } from 'zod'

/** One right or setting that revoking needs. `grant`: what gives it, to copy. Nothing here has an effect. */
export const doctorLine = z.object({
  /** A store's id, or `redis`, `kafka`, `keys`, `canary`. */
  about: z.string(),
  check: z.string(),
  state: z.enum(['ok', 'missing', 'cannot_tell']),
  says: z.string(),
  grant: z.string().optional(),
})
export type DoctorLine = z.infer<typeof doctorLine>
export const doctorReport = z.object({ lines: z.array(doctorLine) })
export type DoctorReport = z.infer<typeof doctorReport>
