import type { HeldToken } from '../pipeline/held-token.ts'
import { type LearnedEvent, learnedEvent } from './audit-events.ts'
import { grantOfHeld } from './close-gaps.ts'
import type { Learned } from './learned.ts'
import type { LearnRules } from './rules.ts'

/** The store's own word on what a line named. Each throws when the store cannot tell. */
export type LookUp = {
  token(accessor: string): Promise<HeldToken | undefined>
  lease(leaseId: string): Promise<boolean>
}

/**
 * Nobody who connects to a socket is authenticated: a line is a hint of where to look, and grants what the store's own lookup confirms.
 * `onlyOurs`: the file's rights say who can have connected, so that what the lookup does not show (whose a lease is, a child's maker, the
 * value's hash) is believed for what is there. Undefined: not confirmed, or not there any more.
 */
export const confirmed = async (
  rules: LearnRules,
  learned: Learned,
  { lookUp, onlyOurs }: { lookUp: LookUp; onlyOurs: boolean },
): Promise<LearnedEvent | undefined> => {
  const now = Date.now()
  if (learned.says === 'granted' && learned.kind === 'vault.batch-token')
    return onlyOurs ? learnedEvent(rules, learned, now) : undefined
  if (learned.says === 'granted' && learned.kind === 'vault.lease')
    return onlyOurs && (await lookUp.lease(learned.handle)) ? learnedEvent(rules, learned, now) : undefined
  const token = await lookUp.token(learned.handle)
  if (!token) return undefined
  if (learned.says === 'renewed') {
    const { expiresAt } = token
    if (expiresAt === undefined || expiresAt <= now) return undefined
    return learnedEvent(rules, { ...learned, at: now, lifeMs: expiresAt - now }, now)
  }
  return onlyOurs ? learnedEvent(rules, learned, now) : grantOfHeld(rules, token)
}
