import type { GrantStory } from '../../../schemas/http-story.ts'
import { callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { storyText } from '../text/story-text.ts'

export type ExplainOptions = { grant: string; json?: boolean }

/** One grant's whole story. Exit 1 where it is alive past due. */
export const explainCommand = async (io: Io, { grant, json }: ExplainOptions): Promise<number> => {
  const id = grant.trim().toLowerCase().replace(/^g_/, '')
  if (!/^[0-9a-f]{4,32}$/.test(id))
    throw new CliFailure(
      exitCodes.usage,
      'usage',
      `A grant's id is 32 hex digits; the first four or more are enough.
next: curfew grants   lists the ids`,
    )
  const story = await callApi(io)<GrantStory>('GET', `/v1/grants/${id}/story`)
  io.out(json ? JSON.stringify(story, undefined, 2) : storyText(story))
  const { state } = story.grant
  return state === 'live' || state === 'settled' ? exitCodes.done : exitCodes.notWell
}
