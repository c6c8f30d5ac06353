import type { Redis } from 'ioredis'
import type { GrantEntry } from '../../schemas/http.ts'
import type { StateStatus, StoreStatus } from '../../schemas/status.ts'
import { decide, type Marks } from '../pipeline/decide.ts'
import { grantEntries } from './grant-entries.ts'
import { loadCredentials } from './load-credentials.ts'
import { countWithin, nextDue, pastDueCandidates } from './past-due.ts'
import { readyPartitions } from './ready-partitions.ts'
import { redisTimeMs } from './redis.ts'
import type { StoresOf } from './stores-of-credentials.ts'

export type StatusParts = {
  redis: Redis
  prefix: string
  partitions: number
  stores: StoreLimits[]
  boundMs: number
  marks(): Promise<Marks>
  storesOf: StoresOf
}

/** What bounds the speed of dying in a store. */
export type StoreLimits = { id: string; propagationMs: number; deathsPerSecond?: number | undefined }

const mostCounted = 50_000

/** What Redis says at this moment. Throws while Redis is away: unknown is never shown as fine. */
export const readStatus = async (parts: StatusParts): Promise<StateStatus> => {
  const { redis, prefix, boundMs } = parts
  const before = Date.now()
  const now = await redisTimeMs(redis)
  const skewMs = Math.round((before + Date.now()) / 2 - now)
  const marks = await parts.marks()
  const candidates = await pastDueCandidates(redis, prefix, now, marks)
  const loaded = await loadCredentials(redis, prefix, candidates.cids)
  // One entry per credential: what is shared dies once.
  const due = loaded
    .filter(({ view }) => decide(view, now, marks).due)
    .flatMap(one => grantEntries(one, now, marks).slice(0, 1))
  const outstanding = await outstandingByStore(parts)
  const stores = parts.stores.map(store => storeStatus(store, due, outstanding.get(store.id) ?? 0, { now, boundMs }))
  const [ready, counters, gap] = await Promise.all([
    readyPartitions(redis, prefix),
    redis.hgetall(`${prefix}:counters`),
    redis.get(`${prefix}:gap`),
  ])
  const oldest = Math.max(...due.map(one => one.pastDueMs ?? 0))
  return {
    now,
    skewMs,
    boundMs,
    ready: ready >= parts.partitions,
    complete: candidates.complete,
    stores,
    alivePastDue: due.length,
    overBound: due.filter(one => (one.pastDueMs ?? 0) > boundOf(parts, one.store)).length,
    ...(due.length === 0 ? {} : { oldestPastDueMs: oldest }),
    held: due.filter(one => one.state === 'held').length,
    outstanding: await redis.zcard(`${prefix}:at:hard`),
    next: await next(parts, now),
    nextWithin: {
      minutes5: await countWithin(redis, prefix, now, 5 * 60_000),
      hour1: await countWithin(redis, prefix, now, 3_600_000),
      hours24: await countWithin(redis, prefix, now, 24 * 3_600_000),
    },
    caughtUpAgeMs: {
      ...(marks.grantsRead === 0 ? {} : { grants: Math.max(0, now - marks.grantsRead) }),
      ...(marks.lifecycleRead === 0 ? {} : { lifecycle: Math.max(0, now - marks.lifecycleRead) }),
    },
    deadLetters: Math.max(
      0,
      sumOf(counters, 'curfew_dead_letters_total') - sumOf(counters, 'curfew_dead_letters_resolved_total'),
    ),
    ...(gap === null ? {} : { gap: JSON.parse(gap) as Record<string, unknown>[] }),
  }
}

const storeStatus = (
  limits: StoreLimits,
  due: GrantEntry[],
  outstanding: number,
  { now, boundMs }: { now: number; boundMs: number },
): StoreStatus => {
  const mine = due.filter(one => one.store === limits.id)
  const finishMs = expectedMs(limits, mine.length)
  const storeBoundMs = boundMs + limits.propagationMs
  const blocked = mine.flatMap(one => (one.blocked ? [one.blocked] : [])).sort((a, b) => a.since - b.since)
  const byCode: Record<string, number> = {}
  for (const one of blocked) byCode[one.code] = (byCode[one.code] ?? 0) + 1
  return {
    store: limits.id,
    boundMs: storeBoundMs,
    alivePastDue: mine.length,
    overBound: mine.filter(one => (one.pastDueMs ?? 0) > storeBoundMs).length,
    ...(mine.length === 0 ? {} : { oldestPastDueMs: Math.max(...mine.map(one => one.pastDueMs ?? 0)) }),
    ...(finishMs === undefined ? {} : { expectedFinishAt: now + finishMs }),
    ...(blocked[0] === undefined ? {} : { blocked: blocked[0] }),
    blockedByCode: byCode,
    held: mine.filter(one => one.state === 'held').length,
    outstanding,
  }
}

/** The bound of a store is the common one and its window. */
const boundOf = ({ stores, boundMs }: StatusParts, store: string) =>
  boundMs + (stores.find(one => one.id === store)?.propagationMs ?? 0)

const worthSayingMs = 5_000
/** From the first one on: what a slow budget means is known before it is felt. */
const expectedMs = ({ propagationMs, deathsPerSecond }: StoreLimits, count: number): number | undefined => {
  if (deathsPerSecond === undefined) return undefined
  const ms = Math.round((count / deathsPerSecond) * 1_000)
  return ms < worthSayingMs ? undefined : ms + propagationMs
}

/** Every credential without an outcome stands in the hard lane: its maximum life is always set. */
const outstandingByStore = async ({ redis, prefix, storesOf }: StatusParts): Promise<Map<string, number>> => {
  const counts = new Map<string, number>()
  for (let start = 0; start < mostCounted; start += 1_000) {
    const cids = await redis.zrange(`${prefix}:at:hard`, String(start), String(start + 999))
    if (cids.length === 0) break
    for (const store of await storesOf(cids)) counts.set(store, (counts.get(store) ?? 0) + 1)
  }
  return counts
}

const next = async ({ redis, prefix, storesOf }: StatusParts, now: number): Promise<StateStatus['next']> => {
  const soonest = await nextDue(redis, prefix, now, 5)
  const stores = await storesOf(soonest.map(([cid]) => cid))
  return soonest.map(([credential, at], i) => ({ at: Math.round(at), credential, store: stores[i] ?? 'unknown' }))
}

const sumOf = (counters: Record<string, string>, name: string): number =>
  Object.entries(counters).reduce(
    (sum, [field, value]) => (field.startsWith(`["${name}"`) ? sum + Number(value) : sum),
    0,
  )
