import type { Fact } from '../../schemas/facts.ts'
import type { Force } from '../../schemas/force.ts'
import type { Evidence, OutcomeKind, Receipt } from '../../schemas/receipt.ts'
import { type Attempt, again } from './attempt.ts'
import { type DueCause, grantCause } from './decide.ts'
import { receiptId } from './ids.ts'
import type { Settled } from './ports.ts'
import type { CredentialView } from './view.ts'

export type Result = {
  outcome: OutcomeKind
  evidence?: Evidence
  reason?: string
  exposedUntil?: number | undefined
  contained?: Receipt['contained']
}

const by = 'curfew'
const seenFacts = (cid: string, at: number, witnesses: string[] = []): Fact[] => {
  const seen = { v: 1, kind: 'seen', at, event: 'seen', by, cid } as const
  return witnesses.length === 0 ? [seen] : witnesses.map(witness => ({ ...seen, witness }))
}

/**
 * Durable before the step; with Kafka down it is kept beside the work and goes with the outcome. The note comes first: a
 * concurrent first probe that finds it dead because of our step must find out here that it was seen alive.
 */
export const appendSeen = async (
  { parts, view, note }: Attempt,
  at: number,
  witnesses: string[] = [],
): Promise<void> => {
  note.seenAt ??= at
  if (witnesses.length > 0) note.witnesses = [...new Set([...(note.witnesses ?? []), ...witnesses])]
  await parts.projection.saveNote(view.cid, note)
  try {
    await parts.facts.append(seenFacts(view.cid, note.seenAt, note.witnesses))
  } catch {
    parts.observe({ event: 'facts_unavailable', cid: view.cid })
  }
}

/** The folded outcome fact is the receipt. Not acknowledged: offered again later, found dead again, and appended then. */
export const appendOutcome = async (attempt: Attempt, result: Result): Promise<Settled> => {
  const { parts, view, note } = attempt
  const receipt = receiptOf(attempt, result)
  const facts: Fact[] = [{ v: 1, kind: 'outcome', at: receipt.settledAt, event: 'outcome', by, cid: view.cid, receipt }]
  if (view.seenAt === undefined && note.seenAt !== undefined)
    facts.unshift(...seenFacts(view.cid, note.seenAt, note.witnesses))
  await parts.projection.saveNote(view.cid, note)
  try {
    await parts.facts.append(facts)
  } catch {
    parts.observe({ event: 'facts_unavailable', cid: view.cid })
    return again(parts, view, note, 2_000)
  }
  parts.crashPoint('after_outcome_acked')
  parts.observe({ event: 'settled', receipt })
  return { state: 'over' }
}

/** A receipt must fit into one Kafka record, however widely a credential was shared. */
const mostGrants = 500

const receiptOf = ({ parts, view, store, cause, dueAt, note }: Attempt, result: Result): Receipt => {
  const { outcome } = result
  const exposedUntil =
    outcome === 'impossible' ? (result.exposedUntil ?? view.fixedExpiresAt ?? view.expiresAt) : undefined
  const exposure = outcome === 'verified' ? store.survives(view) : []
  const seenAliveAt = view.seenAt ?? note.seenAt
  const forced = forceOf(view, cause)
  return {
    receipt: receiptId(view.cid, view.epoch),
    credential: view.cid,
    epoch: view.epoch,
    outcome: result.outcome,
    store: view.store,
    kind: view.kind,
    handle: view.handle,
    cause: cause.cause,
    dueAt,
    ...(seenAliveAt === undefined ? {} : { seenAliveAt }),
    ...(note.steppedAt === undefined ? {} : { steppedAt: note.steppedAt }),
    ...(result.outcome === 'verified' && note.refusedSince !== undefined ? { deadSince: note.refusedSince } : {}),
    settledAt: parts.now(),
    ...(result.evidence === undefined ? {} : { evidence: result.evidence }),
    ...(exposedUntil === undefined ? {} : { exposedUntil }),
    ...(result.contained === undefined ? {} : { contained: result.contained }),
    ...(outcome === 'impossible' && !result.contained ? {} : { recheckAt: parts.now() + secondLookMs(parts, outcome) }),
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(forced === undefined ? {} : { forced }),
    ...(exposure.length === 0 ? {} : { exposure }),
    attempts: note.attempts,
    grants: settledGrants(view, cause).slice(0, mostGrants),
    ...(view.held.length === 0
      ? {}
      : { versions: view.held.map(({ tenant, secret, keeperVersion }) => ({ tenant, secret, keeperVersion })) }),
    ...(view.grants.length > mostGrants ? { grantsOmitted: view.grants.length - mostGrants } : {}),
  }
}

/** The force on the credential itself, whatever else killed it; else that on the session or task whose end did. */
const forceOf = (view: CredentialView, cause: DueCause): Force | undefined => {
  const grant = cause.cause === 'forced' ? view.grants.find(one => one.sid === cause.sid) : undefined
  const { session, tasks = [] } = grant ?? {}
  const found = view.forced ?? session?.forced ?? tasks.map(task => session?.forcedTasks?.get(task)).find(Boolean)
  if (!found) return undefined
  const { by, reason, plan, approvedBy, breakGlass } = found
  return {
    by,
    reason,
    ...(plan === undefined ? {} : { plan }),
    ...(approvedBy === undefined ? {} : { approvedBy }),
    ...(breakGlass ? { breakGlass } : {}),
  }
}

/** What may only not exist yet is looked at again soon. */
const secondLookMs = ({ recheckMs }: Attempt['parts'], outcome: OutcomeKind) =>
  outcome === 'unproven' ? Math.min(recheckMs, 5_000) : recheckMs

/** Every holder settles in the same death. */
const settledGrants = (view: CredentialView, cause: DueCause): Receipt['grants'] => {
  const named = new Map(view.grants.map(grant => [grant.sid, grant.session.session]))
  return view.grants.map(grant => ({
    tenant: grant.session.tenant,
    session: grant.session.session,
    tasks: grant.tasks,
    cause: grantCause(grant, cause, sid => named.get(sid) ?? sid),
  }))
}
