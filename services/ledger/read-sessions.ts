import type { Redis } from 'ioredis'
import type { GrantEntry, SessionDetail, SessionEntry, SessionList } from '../../schemas/http.ts'
import type { Marks } from '../pipeline/decide.ts'
import { sessionKey } from '../pipeline/ids.ts'
import { sessionCredentials, sessionHash } from '../pipeline/merges.ts'
import { type SessionView, sessionView } from '../pipeline/view.ts'
import { grantEntries } from './grant-entries.ts'
import { loadCredentials, readHashes, scanSet } from './load-credentials.ts'
import { hashOf } from './projection.ts'
import { redisTimeMs } from './redis.ts'

export type SessionParts = { redis: Redis; prefix: string; marks(): Promise<Marks> }

const mostScanned = 20_000

/** Newest first. */
export const listSessions = async (
  { redis, prefix }: SessionParts,
  { tenants, limit }: { tenants: string[]; limit: number },
): Promise<SessionList> => {
  const { members, complete } = await scanSet(redis, `${prefix}:sessions`, mostScanned)
  const views: SessionView[] = []
  for (let start = 0; start < members.length; start += 500) {
    const sids = members.slice(start, start + 500)
    const hashes = await readHashes(
      redis,
      sids.map(sid => `${prefix}:${sessionHash(sid)}`),
    )
    views.push(...hashes.map((hash, i) => sessionView(sids[i] ?? '', hash)))
  }
  const mine = views.filter(view => tenants.includes(view.tenant)).sort((a, b) => b.firstAt - a.firstAt)
  const shown = mine.slice(0, limit)
  const counts = await Promise.all(shown.map(view => countGrants(redis, prefix, view.sid)))
  return {
    sessions: shown.map((view, i) => entryOf(view, counts[i] ?? { grants: 0, settled: 0 })),
    complete: complete && mine.length <= limit,
  }
}

export const findSession = async (
  parts: SessionParts,
  tenants: string[],
  name: string,
): Promise<SessionDetail | undefined> => {
  const { redis, prefix } = parts
  for (const tenant of tenants) {
    const sid = sessionKey(tenant, name)
    const hash = await hashOf(redis, `${prefix}:${sessionHash(sid)}`)
    // An end that came before any start or grant names no session yet.
    if (hash.has('id')) return detail(parts, sessionView(sid, hash))
  }
  return undefined
}

const detail = async ({ redis, prefix, marks }: SessionParts, view: SessionView): Promise<SessionDetail> => {
  const cids = await redis.smembers(`${prefix}:${sessionCredentials(view.sid)}`)
  const [now, read] = await Promise.all([redisTimeMs(redis), marks()])
  const loaded = await loadCredentials(redis, prefix, cids)
  const grants = loaded
    .flatMap(one => grantEntries(one, now, read, grant => grant.sid === view.sid))
    .sort((a, b) => a.grantedAt - b.grantedAt)
  const receipts = grants.flatMap(grant => (grant.receipt ? [grant.receipt] : []))
  const entry = entryOf(view, { grants: grants.length, settled: receipts.length })
  receipts.sort((a, b) => b.settledAt - a.settledAt)
  return { session: entry, grants, receipts, closed: entry.closed }
}

/** What has no outcome stands in the hard lane of the due index. */
const countGrants = async (redis: Redis, prefix: string, sid: string) => {
  const cids = await redis.smembers(`${prefix}:${sessionCredentials(sid)}`)
  if (cids.length === 0) return { grants: 0, settled: 0 }
  const due = await redis.zmscore(`${prefix}:at:hard`, ...cids)
  return { grants: cids.length, settled: due.filter(score => score === null).length }
}

const entryOf = (view: SessionView, counts: { grants: number; settled: number }): SessionEntry => ({
  session: view.session,
  ...(view.agent === undefined ? {} : { agent: view.agent }),
  ...(view.labels?.length ? { labels: view.labels } : {}),
  firstSeenAt: view.firstAt,
  ...(view.startedAt === undefined ? {} : { startedAt: view.startedAt }),
  ...(view.activityAt === undefined ? {} : { lastActiveAt: view.activityAt }),
  ...(view.maxLifeAt === undefined ? {} : { maxLifeAt: view.maxLifeAt }),
  ...(view.idleMs === undefined ? {} : { idleMs: view.idleMs }),
  ...(view.ended === undefined
    ? {}
    : { endedAt: view.ended.at, endCause: view.ended.cause, endReason: view.ended.reason }),
  ...counts,
  closed: view.ended !== undefined && counts.grants === counts.settled,
})

export type ClosedSession = { view: SessionView; grants: GrantEntry[] }
/** Undefined: not ended, or a grant is without an outcome. */
export const closedSession = async (parts: SessionParts, sid: string): Promise<ClosedSession | undefined> => {
  const { redis, prefix } = parts
  const view = sessionView(sid, await hashOf(redis, `${prefix}:${sessionHash(sid)}`))
  if (view.ended === undefined) return undefined
  const counts = await countGrants(redis, prefix, sid)
  if (counts.settled < counts.grants) return undefined
  const { grants } = await detail(parts, view)
  return grants.every(grant => grant.receipt) ? { view, grants } : undefined
}
