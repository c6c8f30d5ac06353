import { z } from 'zod'

/**
 * What an orchestrator's webhooks mean, as data: one more orchestrator is a YAML file, without code. What the shape cannot say is
 * checked when the file is read. Docs: docs/orchestrators.md.
 */
const text = z.string().min(1).max(2_000)
/** Where in the body: dotted names and list positions, or a JSON pointer (RFC 6901) where a name has dots in it. */
export const bodyPlace = z
  .string()
  .regex(
    /^(\/[^{}]*|[^./{}\s]+(\.[^./{}\s]+)*)$/,
    'a place is dotted names such as data.id, or a JSON pointer such as /data/id',
  )
/** A text over `{{place}}`s. */
const template = z
  .string()
  .max(500)
  .regex(/\{\{[^{}]+\}\}/, 'a text with at least one {{place}} in it')
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const plainMeanings = [
  'session.started',
  'session.heartbeat',
  'session.ended',
  'task.started',
  'task.paused',
  'task.resumed',
  'nothing',
] as const
const result = z.enum(['completed', 'failed', 'cancelled'])
const meaning = z.union(
  [z.enum(plainMeanings), z.strictObject({ event: z.literal('task.finished'), result })],
  `one of ${plainMeanings.join(', ')}, or {event: task.finished, result: completed | failed | cancelled}`,
)
export type Meaning = z.infer<typeof meaning>

export const mapping = z.strictObject({
  format: z.literal(1),
  product: text,
  /** What this was run against, or `untested`: written from the documentation alone. */
  tried: text,
  documentation: z.array(z.url()).default([]),
  notes: z.array(text).default([]),
  /** Only bodies that hold one of these values at each place; the others are understood and have no effect. */
  only: z.record(bodyPlace, z.array(scalar).min(1)).default({}),
  /** Where the state is named. */
  state: bodyPlace,
  /** What each state means, by its exact name. A state that is not listed has no effect, and is counted. */
  states: z.record(z.string().min(1), meaning),
  /** The session's single-use id, as grants name it. */
  session: template,
  task: template.optional(),
  agent: template.optional(),
  /** Names the statement: a delivery that is repeated has the same. Absent: made of session, task and state. */
  id: template.optional(),
})
export type Mapping = z.infer<typeof mapping>
