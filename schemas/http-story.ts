import { z } from 'zod'
import { grantEntry } from './http.ts'
import { epochMs } from './primitives.ts'

/** One thing that happened to a grant. `what`: a few plain words; `source`: the record or the memory that says so. */
export const storyLine = z.object({
  at: epochMs,
  what: z.string(),
  detail: z.string().optional(),
  source: z.string().optional(),
})
export type StoryLine = z.infer<typeof storyLine>

/** GET /v1/grants/{id}/story. `complete`: false where reading the facts was cut short. `says`: how it stands now, in a sentence. */
export const grantStory = z.object({
  grant: grantEntry,
  story: z.array(storyLine),
  complete: z.boolean(),
  says: z.string(),
  /** A command to copy. */
  next: z.string().optional(),
})
export type GrantStory = z.infer<typeof grantStory>
