import type { GrantEntry } from '../../schemas/http.ts'
import { decide, type Marks, type Verdict } from '../pipeline/decide.ts'
import { grantId } from '../pipeline/ids.ts'
import type { GrantView, HeldView } from '../pipeline/view.ts'
import type { Loaded } from './load-credentials.ts'

const everyGrant = () => true

/** What the lists say of each grant of a credential: the pure decision of this moment, and what the work remembers. */
export const grantEntries = (
  loaded: Loaded,
  now: number,
  marks: Marks,
  wanted: (grant: GrantView) => boolean = everyGrant,
): GrantEntry[] => {
  const { view } = loaded
  const shared = { ...about(loaded), ...standing(loaded, decide(view, now, marks), now) }
  return [...view.grants, ...view.held.map(asGrant)]
    .filter(wanted)
    .map(grant => ({ ...ofGrant(loaded, grant), ...shared }))
}

/** A version of a registered secret has no session: its secret stands in its place. */
export const asGrant = ({ secret, tenant, at }: HeldView): GrantView => ({
  sid: `secret ${secret}`,
  at,
  graceUntil: at,
  tasks: [],
  session: { sid: '', tenant, session: `secret ${secret}`, firstAt: at, ends: [], tasks: new Map() },
})

const ofGrant = ({ view }: Loaded, grant: GrantView) => ({
  grant: grantId(view.store, view.handle, grant.sid),
  session: grant.session.session,
  tasks: grant.tasks,
  ...labelsOf(grant),
  grantedAt: grant.at,
})

const labelsOf = ({ labels = [], session }: GrantView): { labels?: string[] } => {
  const all = [...new Set([...labels, ...(session.labels ?? [])])].sort()
  return all.length === 0 ? {} : { labels: all }
}

const about = ({ view }: Loaded) => {
  const expiresAt = view.fixedExpiresAt ?? view.expiresAt
  return {
    credential: view.cid,
    store: view.store,
    kind: view.kind,
    handle: view.handle,
    ...(view.seenAt === undefined ? {} : { seenAliveAt: view.seenAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

const standing = ({ view, note }: Loaded, verdict: Verdict, now: number) => {
  const { receipt } = view
  if (receipt) return { state: 'settled' as const, cause: receipt.cause, dueAt: receipt.dueAt, receipt }
  if (!verdict.due)
    return { state: 'live' as const, ...(verdict.nextAt === undefined ? {} : { dueAt: verdict.nextAt }) }
  const current = note?.epoch === view.epoch ? note : undefined
  const due = {
    cause: verdict.cause.cause,
    dueAt: verdict.at,
    pastDueMs: Math.max(0, now - verdict.at),
    ...(current ? { attempts: current.attempts } : {}),
    ...(current?.refusedSince === undefined ? {} : { refusedSince: current.refusedSince }),
  }
  if (current?.heldSince !== undefined) return { state: 'held' as const, ...due, heldSince: current.heldSince }
  if (current?.blocked) return { state: 'blocked' as const, ...due, blocked: current.blocked }
  return { state: 'due' as const, ...due }
}
