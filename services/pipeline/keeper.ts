import type { Receipt } from '../../schemas/receipt.ts'
import { type Attempt, again } from './attempt.ts'
import { decide } from './decide.ts'
import { appendOutcome, type Result } from './outcome.ts'
import type { Settled } from './ports.ts'

/**
 * Deleting a secret does not disable the credential inside. What a keeper held is dead when the issuer's credential has its
 * own `verified` receipt; that the secret is gone is the second line. Without a known issuer it may be honoured elsewhere.
 */
export const retired = async (attempt: Attempt): Promise<Settled> => {
  const { parts, view, note } = attempt
  if (view.inside === undefined) {
    const since = new Date(note.refusedSince ?? parts.now()).toISOString()
    return appendOutcome(attempt, {
      outcome: 'impossible',
      reason: `may be honoured elsewhere, unreadable since ${since}`,
    })
  }
  const inner = await parts.projection.load(view.inside)
  if (!inner?.receipt) {
    await bringAlong(attempt)
    return again(parts, view, note, 250)
  }
  const { outcome, evidence, deadSince } = inner.receipt
  if (outcome !== 'verified') return appendOutcome(attempt, innerNotProven(inner.receipt))
  if (deadSince !== undefined) note.refusedSince = Math.max(note.refusedSince ?? 0, deadSince)
  return appendOutcome(attempt, { outcome: 'verified', ...(evidence === undefined ? {} : { evidence }) })
}

const without: Partial<Record<Receipt['outcome'], string>> = {
  unproven: 'nobody saw it alive before it was refused',
  gone_before_seen: 'its life was over before anybody looked',
}

/** The death of a version is no more proven than that of the credential in it. */
export const innerNotProven = ({ outcome, reason = without[outcome] }: Pick<Receipt, 'outcome' | 'reason'>): Result => {
  const why = reason === undefined ? '' : `: ${reason}`
  return { outcome: 'impossible', reason: `what it held is ${outcome}${why}`.slice(0, 200) }
}

/** A leak or a force names the secret alone: what it holds ends with it. */
const bringAlong = async ({ parts, view }: Attempt): Promise<void> => {
  const inner = view.inside === undefined ? undefined : await parts.projection.load(view.inside)
  if (!inner || inner.receipt || decide(inner, parts.now(), await parts.projection.marks()).due) return
  const event = `inside-${view.cid}-${view.epoch}`
  const reason = `inside ${view.store} ${view.handle}`.slice(0, 256)
  await parts.facts.append([{ v: 1, kind: 'forced', at: parts.now(), event, by: 'curfew', cid: inner.cid, reason }])
}
