import { z } from 'zod'
import { safeUrl, storeId } from './primitives.ts'

/** Subject identifiers of RFC 9493 that can name one session or one credential. */
const subjectRule = z
  .strictObject({
    /** The member of a complex subject; absent: the subject itself. */
    member: z.string().min(1).max(64).optional(),
    format: z.enum(['opaque', 'jwt_id', 'iss_sub', 'uri']),
    /** Of `jwt_id` and `iss_sub`: whose id it is. */
    iss: z.string().min(1).optional(),
    /** What its value is here: a session's id as grants name it, or a credential's handle at a store. */
    is: z.union([z.literal('session'), z.strictObject({ handleAt: storeId })]),
  })
  .refine(rule => (rule.format === 'jwt_id' || rule.format === 'iss_sub') === (rule.iss !== undefined), {
    message: '`iss` belongs to jwt_id and iss_sub, and is needed there',
    path: ['iss'],
  })
export type SubjectRule = z.infer<typeof subjectRule>

/** Security Event Tokens of a CAEP or RISC transmitter, pushed by RFC 8935. */
export const ssfDialect = z.strictObject({
  dialect: z.literal('ssf'),
  issuer: z.string().min(1).max(512),
  audience: z.string().min(1).max(512),
  jwksUrl: safeUrl,
  algorithms: z
    .array(z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']))
    .min(1)
    .default(['RS256', 'ES256']),
  /** The first that fits says whom an event is about; what none fits has no effect, and is counted. */
  subjects: z.array(subjectRule).min(1).max(32),
})
export type SsfConfig = z.infer<typeof ssfDialect>
