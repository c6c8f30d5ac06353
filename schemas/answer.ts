import { z } from 'zod'

/** Where in an answer: dotted names and list positions, `.` for the whole. */
export const place = z
  .string()
  .regex(/^(\.|[^.\s]+(\.[^.\s]+)*)$/, 'a place is dotted names such as data.token, or "." for the whole answer')
/** How a time is written. */
export const timeForm = z.enum(['iso', 'epoch-seconds', 'epoch-milliseconds'])
export type TimeForm = z.infer<typeof timeForm>

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const expectation = z.union(
  [
    scalar,
    z.strictObject({ in: z.array(scalar).min(1) }),
    z.strictObject({ not: scalar }),
    z.strictObject({ exists: z.boolean() }),
    z.strictObject({ past: timeForm }),
    z.strictObject({ future: timeForm }),
  ],
  'a value, or one of {in: [...]}, {not: value}, {exists: true}, {past: iso}, {future: iso}',
)
export type Expectation = z.infer<typeof expectation>

/** Every place must hold what is expected of it. */
export const where = z.record(place, expectation).refine(one => Object.keys(one).length > 0, 'at least one place')
export type Where = z.infer<typeof where>

const isStatus = 'an HTTP status is a number from 100 to 599'
const status = z.int().min(100, isStatus).max(599, isStatus)
/** An answer of a server: a status alone, or with a piece of the body's text, or with what must stand in its JSON. */
export const answer = z.union(
  [
    status,
    z.strictObject({
      status: z.union([status, z.array(status).min(1)]),
      contains: z.string().min(1).optional(),
      where: where.optional(),
    }),
  ],
  'a status such as 404, or {status, contains, where}',
)
export type ExpectedAnswer = z.infer<typeof answer>
export const answers = z.array(answer).min(1)
/** None at all may be right here. */
export const maybeAnswers = z.array(answer)
