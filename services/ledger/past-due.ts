import type { Redis } from 'ioredis'
import type { Marks } from '../pipeline/decide.ts'

export type PastDue = { cids: string[]; complete: boolean }

const mostPerLane = 2_000

/** Credentials that the true due index names as due at `now`; the decision on each is taken by the caller. */
export const pastDueCandidates = async (redis: Redis, prefix: string, now: number, marks: Marks): Promise<PastDue> => {
  const upTo = {
    leak: now,
    hard: now,
    expiry: Math.max(Math.min(now, marks.grantsRead), now - marks.expiryHoldMs),
    idle: Math.min(now, marks.lifecycleRead),
  }
  const lanes = await Promise.all(
    Object.entries(upTo).map(([lane, limit]) =>
      redis.zrangebyscore(`${prefix}:at:${lane}`, '-inf', limit, 'LIMIT', 0, mostPerLane),
    ),
  )
  return { cids: [...new Set(lanes.flat())], complete: lanes.every(lane => lane.length < mostPerLane) }
}

/** The next moments at which something is due by itself, soonest first. */
export const nextDue = async (redis: Redis, prefix: string, now: number, most: number) => {
  const lanes = await Promise.all(
    ['hard', 'expiry', 'idle'].map(lane =>
      redis.zrangebyscore(`${prefix}:at:${lane}`, `(${now}`, '+inf', 'WITHSCORES', 'LIMIT', 0, most),
    ),
  )
  const earliest = new Map<string, number>()
  for (const flat of lanes)
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const [cid, at] = [flat[i] ?? '', Number(flat[i + 1])]
      earliest.set(cid, Math.min(at, earliest.get(cid) ?? at))
    }
  return [...earliest].sort((a, b) => a[1] - b[1]).slice(0, most)
}

export const countWithin = async (redis: Redis, prefix: string, now: number, ms: number): Promise<number> => {
  const counts = await Promise.all(
    ['hard', 'expiry', 'idle'].map(lane => redis.zcount(`${prefix}:at:${lane}`, `(${now}`, now + ms)),
  )
  // One credential stands in several lanes: the fullest lane is what is certain.
  return Math.max(...counts)
}
