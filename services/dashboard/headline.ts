import type { Status } from '../../schemas/status.ts'
import { age, count, duration, number } from './format.ts'

/** The first thing that is read. The verdict and its reasons are the server's: the same words as `curfew status`. */
export type Headline = { tone: 'good' | 'bad' | 'unknown'; word: string; sentence: string; reasons: string[] }

const tones = { well: 'good', not_well: 'bad', cannot_tell: 'unknown' } as const
const wordOf = { well: 'WELL', not_well: 'NOT WELL', cannot_tell: 'CANNOT TELL' }

export const headlineOf = (status: Status): Headline => ({
  tone: tones[status.verdict],
  word: wordOf[status.verdict],
  sentence: sentenceOf(status),
  reasons: status.reasons,
})

const sentenceOf = (status: Status): string => {
  const { verdict, alivePastDue, oldestPastDueMs = 0, complete } = status
  if (verdict === 'cannot_tell' && alivePastDue === 0)
    return 'Nothing is known to be alive past due, and that is not enough to call it well.'
  if (alivePastDue === 0)
    return verdict === 'well' ? 'Nothing is alive past due.' : 'Nothing is alive past due, but something else is wrong.'
  const more = complete ? '' : 'More than '
  const are = alivePastDue === 1 ? 'is' : 'are'
  if (verdict === 'well') return `${more}${count(alivePastDue, 'credential')} ${are} dying, inside the bound.`
  const oldest = oldestPastDueMs < 1_000 ? 'for less than a second' : `for ${duration(oldestPastDueMs)}`
  return `${more}${count(alivePastDue, 'credential')} ${are} alive past due, ${alivePastDue === 1 ? '' : 'the oldest '}${oldest}.`
}

/** Is Curfew itself working? Nothing else counts. */
export const canaryText = ({ canary }: Status, now: number): string => {
  if (!canary.configured) return 'no canary is configured'
  if (canary.lastVerifiedAt === undefined) return 'no canary was seen to die yet'
  return `canary died ${age(Math.max(0, now - canary.lastVerifiedAt))} ago`
}

/** For the tab: readable among twenty others. */
export const titleOf = (status: Status, live: boolean): string => {
  const { word } = headlineOf(status)
  const alive = status.alivePastDue > 0 ? `${number(status.alivePastDue)} past due` : word
  return `${live ? '' : '(not live) '}${status.verdict === 'well' ? 'WELL' : alive} · Curfew`
}
