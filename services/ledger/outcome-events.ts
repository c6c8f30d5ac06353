import { CloudEvent } from 'cloudevents'
import type { Redis } from 'ioredis'
import type { Fact, FactOf } from '../../schemas/facts.ts'
import { canaryTenant } from '../../schemas/http.ts'
import type { OutcomeEventData, OutcomeEventType } from '../../schemas/outcome-events.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Marks } from '../pipeline/decide.ts'
import { receiptId, sessionKey } from '../pipeline/ids.ts'
import { loadCredentials } from './load-credentials.ts'
import { readSecretView } from './projection.ts'
import { type ClosedSession, closedSession } from './read-sessions.ts'
import { isCanary } from './recent-receipts.ts'

export type OutcomeEvent = { key: string; event: CloudEvent<unknown> }
type Parts = { redis: Redis; prefix: string; marks(): Promise<Marks> }

/** What some facts, all of them folded, mean for others. The canary's own deaths are nobody's business. */
export const outcomeEvents = async (parts: Parts, facts: Fact[]): Promise<OutcomeEvent[]> => {
  const settled = facts.flatMap(fact => (fact.kind === 'outcome' ? [fact.receipt] : []))
  const receipts = (await asFolded(parts, settled)).filter(receipt => !isCanary(receipt))
  const events = receipts.map(receipt =>
    tell('curfew.credential.revoked', receipt.receipt, receipt.credential, receipt.settledAt, receipt),
  )
  for (const fact of facts) if (fact.kind === 'rotation.ended') events.push(...(await rotated(parts, fact)))
  for (const sid of touchedSessions(facts, receipts)) {
    const closed = await closedSession(parts, sid)
    if (closed && closed.view.tenant !== canaryTenant) events.push(closing(sid, closed))
  }
  return events
}

/** What became of a rotation; the deaths of the old versions are told as receipts. */
const rotated = async (
  { redis, prefix }: Parts,
  { secret, rotation }: FactOf<'rotation.ended'>,
): Promise<OutcomeEvent[]> => {
  const view = await readSecretView(redis, prefix, secret)
  const { requested, ended, steps } = view.rotations.find(one => one.rotation === rotation) ?? {}
  if (!requested || !ended) return []
  const keeperVersion = steps?.promoted?.at(-1)?.keeperVersion
  const { result, reason, retired } = ended
  const { cause, compromised } = requested
  const replaced = view.versions.filter(one => one.superseded?.rotation === rotation).map(one => one.cid)
  return [
    tell('curfew.secret.rotated', rotation, secret, ended.at, {
      secret,
      rotation,
      cause,
      compromised,
      requestedAt: requested.at,
      endedAt: ended.at,
      result,
      ...(reason === undefined ? {} : { reason }),
      ...(keeperVersion === undefined ? {} : { keeperVersion }),
      ...(retired === undefined ? {} : { retired }),
      replaced,
    }),
  ]
}

/** Of receipts that repeat, the one that the state chose: all tellings of one id say the same. */
const asFolded = async ({ redis, prefix }: Parts, settled: Receipt[]): Promise<Receipt[]> => {
  const cids = [...new Set(settled.map(receipt => receipt.credential))]
  const loaded = await loadCredentials(redis, prefix, cids)
  const chosen = new Map(loaded.flatMap(({ view }) => (view.receipt ? [[view.receipt.receipt, view.receipt]] : [])))
  const ids = new Map(settled.map(receipt => [receiptId(receipt.credential, receipt.epoch), receipt]))
  // A later epoch has begun meanwhile: then the fact itself is what is left of the earlier one.
  return [...ids].map(([id, receipt]) => chosen.get(id) ?? receipt)
}

/** Whichever of the end, the last outcome and a grant of something dead is folded last finds the session closed. */
const touchedSessions = (facts: Fact[], receipts: Receipt[]): Set<string> => {
  const sids = facts.flatMap(fact => (fact.kind === 'session.ended' || fact.kind === 'granted' ? [fact.sid] : []))
  const holders = receipts.flatMap(receipt => receipt.grants.map(({ tenant, session }) => sessionKey(tenant, session)))
  return new Set([...sids, ...holders])
}

/** A broker refuses a message over 1 MB; a handle alone may be 4 KB long. */
const mostBytes = 600_000

const closing = (sid: string, { view, grants }: ClosedSession): OutcomeEvent => {
  let bytes = 0
  const listed = grants.flatMap(({ grant, store, kind, handle, receipt }) => {
    if (!receipt) return []
    const deadSince = receipt.deadSince === undefined ? {} : { deadSince: receipt.deadSince }
    const one = { grant, store, kind, handle, outcome: receipt.outcome, receipt: receipt.receipt, ...deadSince }
    bytes += Buffer.byteLength(JSON.stringify(one))
    return bytes > mostBytes ? [] : [one]
  })
  const closedAt = Math.max(view.ended?.at ?? 0, ...grants.map(grant => grant.receipt?.settledAt ?? 0))
  return tell('curfew.session.closed', `${sid}~${grants.length}`, sid, closedAt, {
    tenant: view.tenant,
    session: view.session,
    ...(view.agent === undefined ? {} : { agent: view.agent }),
    endedAt: view.ended?.at ?? closedAt,
    number: grants.length,
    grants: listed,
    grantsOmitted: grants.length - listed.length,
  })
}

const tell = <T extends OutcomeEventType>(
  type: T,
  id: string,
  key: string,
  at: number,
  data: OutcomeEventData<T>,
): OutcomeEvent => ({
  key,
  event: new CloudEvent({ id, type, source: '/curfew', time: new Date(at).toISOString(), data }),
})
