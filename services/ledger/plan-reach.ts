import type { Redis } from 'ioredis'
import type { PlanSelector } from '../../schemas/http-plans.ts'
import { grantId, sessionKey } from '../pipeline/ids.ts'
import { sessionCredentials, sessionHash } from '../pipeline/merges.ts'
import type { PlannedEnd, Reached } from '../pipeline/plans.ts'
import type { Store } from '../pipeline/ports.ts'
import type { CredentialView, GrantView } from '../pipeline/view.ts'
import { asGrant } from './grant-entries.ts'
import { credentialsOf } from './leak-matches.ts'
import { type Loaded, loadCredentials } from './load-credentials.ts'
import { readSecretView } from './projection.ts'
import { redisTimeMs } from './redis.ts'

export type ReachParts = {
  redis: Redis
  prefix: string
  stores: ReadonlyMap<string, Store>
  /** Ids of the registry. */
  secrets: readonly string[]
}
type Selected = { view: CredentialView; grants: GrantView[]; matched: GrantView[] }

/** Everything living that the selector names, at this moment. Undefined: a session that nobody told of. */
export const planReach = async (
  parts: ReachParts,
  tenant: string,
  selector: PlanSelector,
): Promise<Reached | undefined> => {
  const { redis, prefix } = parts
  const sid = selector.session === undefined ? undefined : sessionKey(tenant, selector.session)
  if (sid !== undefined && (await redis.hexists(`${prefix}:${sessionHash(sid)}`, 'id')) === 0) return undefined
  const wanted = matcher(tenant, selector)
  const selected: Selected[] = []
  for await (const cids of candidates(parts, sid, selector))
    for (const one of await loadCredentials(redis, prefix, cids)) selected.push(...select(one, tenant, wanted))
  const now = await redisTimeMs(redis)
  return {
    items: selected.map(({ view, grants }) => ({
      cid: view.cid,
      epoch: view.epoch,
      grants: grants.map(({ sid }) => grantId(view.store, view.handle, sid)),
    })),
    ends: endsOf(selector, sid, selected),
    counts: countsOf(parts, selected, now),
  }
}

/** What the most telling name of the selector leads to; without one, everything without an outcome. */
const candidates = async function* (
  parts: ReachParts,
  sid: string | undefined,
  { fingerprint }: PlanSelector,
): AsyncGenerator<string[]> {
  const { redis, prefix } = parts
  const printed = fingerprint === undefined ? undefined : await credentialsOf({ redis, prefix }, [fingerprint])
  const held = sid === undefined ? undefined : await redis.smembers(`${prefix}:${sessionCredentials(sid)}`)
  if (printed && held) yield printed.filter(cid => held.includes(cid))
  else if (printed ?? held) yield printed ?? held ?? []
  else yield* everyLiving(parts)
}

/**
 * Every credential without an outcome stands in the hard lane, but for versions that shall stand: the registry leads to those. One of
 * a secret that was taken out of the registry is found by its grant or fingerprint only. A scan misses none that stands there all the while.
 */
const everyLiving = async function* ({ redis, prefix, secrets }: ReachParts): AsyncGenerator<string[]> {
  const standing = await Promise.all(secrets.map(id => standingVersions(redis, prefix, id)))
  const seen = new Set(standing.flat())
  yield [...seen]
  let cursor = '0'
  do {
    const [next, flat] = await redis.zscan(`${prefix}:at:hard`, cursor, 'COUNT', 1_000)
    const fresh = flat.filter((cid, i) => i % 2 === 0 && !seen.has(cid))
    for (const cid of fresh) seen.add(cid)
    yield fresh
    cursor = next
  } while (cursor !== '0')
}

const standingVersions = async (redis: Redis, prefix: string, secret: string): Promise<string[]> => {
  const { versions } = await readSecretView(redis, prefix, secret)
  return versions.filter(one => !one.superseded).map(one => one.cid)
}

type Matcher = (one: Loaded, grant: GrantView) => boolean
const matcher = (tenant: string, selector: PlanSelector): Matcher => {
  const { grants, session, task, principal, store, labels, held } = selector
  const ids = grants && new Set(grants)
  const agent = principal?.slice('agent:'.length)
  const wantedLabels = Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`)
  return ({ view, note }, grant) => {
    const labelled = [...(grant.labels ?? []), ...(grant.session.labels ?? [])]
    return (
      grant.session.tenant === tenant &&
      (store === undefined || view.store === store) &&
      (session === undefined || grant.session.session === session) &&
      (task === undefined || grant.tasks.includes(task)) &&
      (agent === undefined || grant.session.agent === agent) &&
      wantedLabels.every(label => labelled.includes(label)) &&
      (!held || (note?.epoch === view.epoch && note.heldSince !== undefined)) &&
      (!ids || ids.has(grantId(view.store, view.handle, grant.sid)))
    )
  }
}

const select = (one: Loaded, tenant: string, wanted: Matcher): Selected[] => {
  const { view } = one
  if (view.receipt) return []
  const grants = [...view.grants, ...view.held.map(asGrant)].filter(grant => grant.session.tenant === tenant)
  const matched = grants.filter(grant => wanted(one, grant))
  return matched.length === 0 ? [] : [{ view, grants, matched }]
}

/** Whole sessions only: a plan that names a part of what they hold lets them go on. */
const endsOf = (selector: PlanSelector, sid: string | undefined, selected: Selected[]): PlannedEnd[] => {
  const { session, task, principal, ...narrowing } = selector
  if (Object.values(narrowing).some(value => value !== undefined)) return []
  if (sid !== undefined) return principal === undefined ? [task === undefined ? { sid } : { sid, task }] : []
  if (principal === undefined) return []
  const sids = selected.flatMap(({ matched }) => matched.map(grant => grant.sid))
  return [...new Set(sids)].sort().map(one => ({ sid: one }))
}

const countsOf = ({ stores }: ReachParts, selected: Selected[], now: number): Reached['counts'] => {
  const byStore = Map.groupBy(selected, ({ view }) => view.store)
  const sessions = new Set(selected.flatMap(({ grants }) => grants.map(grant => grant.sid)))
  const never = selected.filter(({ view }) => stores.get(view.store)?.impossible(view) !== undefined)
  const exposed = never.flatMap(({ view }) => view.fixedExpiresAt ?? view.expiresAt ?? [])
  const isActive = ({ session }: GrantView) =>
    session.startedAt !== undefined && (session.activityAt ?? 0) >= now - 60_000
  return {
    shared: selected.reduce((sum, { grants, matched }) => sum + grants.length - matched.length, 0),
    sessions: sessions.size,
    stores: [...byStore].map(([store, all]) => ({ store, credentials: all.length })),
    activeLastMinute: selected.filter(({ grants }) => grants.some(isActive)).length,
    impossible: never.length,
    ...(exposed.length === 0 ? {} : { exposedUntil: Math.max(...exposed) }),
  }
}
