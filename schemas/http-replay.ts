import { z } from 'zod'
import { deadLetter } from './dead-letter.ts'
import { epochMs, senderId } from './primitives.ts'

/** A record of an input topic by its place: `topic/partition/offset`. */
export const recordId = z.string().regex(/^[\w.-]{1,249}\/\d{1,9}\/\d{1,18}$/)
const topic = z.string().regex(/^[\w.-]{1,249}$/)
const offset = z.int().min(0)

/** `gone`: retention has removed the record that it speaks of; nothing can be replayed. */
export const deadLetterEntry = deadLetter.extend({ id: recordId, gone: z.boolean() })
export type DeadLetterEntry = z.infer<typeof deadLetterEntry>
/** Newest first. `open`: how many are not resolved, by their reasons. */
export const deadLetterList = z.object({
  letters: z.array(deadLetterEntry),
  open: z.record(z.string(), z.int()),
  complete: z.boolean(),
})
export type DeadLetterList = z.infer<typeof deadLetterList>

/** What shall be read again: dead letters, a session's records, offsets of one partition, or a time. */
export const replaySelect = z.union([
  z.strictObject({
    deadLetters: z.strictObject({
      topic: topic.optional(),
      reason: z.string().max(64).optional(),
      ids: z.array(recordId).min(1).max(1_000).optional(),
    }),
  }),
  z.strictObject({ session: senderId, since: epochMs.optional(), until: epochMs.optional() }),
  z.strictObject({ topic, partition: z.int().min(0), from: offset, to: offset }),
  z.strictObject({ topic: topic.optional(), since: epochMs, until: epochMs.optional() }),
])
export type ReplaySelect = z.infer<typeof replaySelect>
export const replayRequest = z.strictObject({ select: replaySelect })

const refused = z.object({ id: recordId, code: z.string(), detail: z.string() })
export const replayState = z.enum(['planned', 'running', 'done', 'failed'])

/** What a replay would change, and how far it is. Nothing is done before it is applied by its name. */
export const replayPlan = z.object({
  plan: z.string().regex(/^rp_[0-9a-f]{12}$/),
  state: replayState,
  records: z.int(),
  /** Facts that change what is known, and those that do not. */
  facts: z.object({ new: z.int(), known: z.int(), newByKind: z.record(z.string(), z.int()) }),
  /** Refused by intake now as then; and records that are gone, are not what they were, or whose store cannot be asked now. */
  refused: z.int(),
  refusals: z.array(refused),
  gone: z.int(),
  /** Dead letters that this resolves. */
  resolves: z.int(),
  done: z.int(),
  appended: z.int(),
  expiresAt: epochMs,
  /** Of `failed`: why. Applying it again goes on where it stood. */
  problem: z.string().optional(),
})
export type ReplayPlan = z.infer<typeof replayPlan>
