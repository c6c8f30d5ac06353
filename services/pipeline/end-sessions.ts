import type { Fact } from '../../schemas/facts.ts'
import type { Verdict } from './decide.ts'
import type { WorkParts } from './ports.ts'
import type { CredentialView } from './view.ts'

/**
 * By policy a leak of one credential ends what the same sessions held beside it: whoever copied one may have copied all. A leak that was
 * only told as a fingerprint is inferred, and so is what it ends. Written again at each attempt, it is the same fact.
 */
export const endSessions = async (
  parts: WorkParts,
  { cid, epoch, grants }: CredentialView,
  { at, inferred }: Extract<Verdict, { due: true }>,
): Promise<void> => {
  const living = grants.filter(({ session }) => session.ends.length === 0)
  const facts: Fact[] = living.map(({ sid }) => ({
    v: 1,
    kind: 'session.ended',
    at,
    event: `leak-${cid}-${epoch}`,
    by: 'curfew',
    sid,
    cause: 'session_ended',
    reason: 'a credential of it leaked',
    ...(inferred ? { inferred: true } : {}),
  }))
  if (facts.length === 0) return
  await parts.facts.append(facts).catch(() => parts.observe({ event: 'facts_unavailable', cid }))
}
