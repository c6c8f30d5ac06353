import type { Redis } from 'ioredis'
import type { Expiries } from '../../schemas/http-page.ts'
import { redisTimeMs } from './redis.ts'

const minutes = 60
const stepMs = 60_000
const mostLookedAt = 20_000
const lanes = ['hard', 'expiry', 'idle']

/** What is due by itself in each of the next sixty minutes. One credential stands in several lanes: its earliest counts. */
export const readExpiries = async (redis: Redis, prefix: string): Promise<Expiries> => {
  const from = await redisTimeMs(redis)
  const to = from + minutes * stepMs
  const many = await Promise.all(lanes.map(lane => redis.zcount(`${prefix}:at:${lane}`, `(${from}`, to)))
  const exact = Math.max(...many) <= mostLookedAt
  const counts = exact ? await countEach(redis, prefix, from, to) : await countLanes(redis, prefix, from)
  return { from, stepMs, counts, exact }
}

const countEach = async (redis: Redis, prefix: string, from: number, to: number): Promise<number[]> => {
  const earliest = new Map<string, number>()
  for (const lane of lanes) {
    const flat = await redis.zrangebyscore(
      `${prefix}:at:${lane}`,
      `(${from}`,
      to,
      'WITHSCORES',
      'LIMIT',
      0,
      mostLookedAt,
    )
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const [cid, at] = [flat[i] ?? '', Number(flat[i + 1])]
      earliest.set(cid, Math.min(at, earliest.get(cid) ?? at))
    }
  }
  const counts = Array.from({ length: minutes }, () => 0)
  for (const at of earliest.values()) {
    const minute = Math.min(minutes - 1, Math.floor((at - from) / stepMs))
    counts[minute] = (counts[minute] ?? 0) + 1
  }
  return counts
}

/** The fullest lane of each minute is what is certain; what is counted in two minutes is said to be inexact. */
const countLanes = async (redis: Redis, prefix: string, from: number): Promise<number[]> => {
  const pipeline = redis.pipeline()
  for (let minute = 0; minute < minutes; minute += 1)
    for (const lane of lanes)
      pipeline.zcount(`${prefix}:at:${lane}`, `(${from + minute * stepMs}`, from + (minute + 1) * stepMs)
  const answers = ((await pipeline.exec()) ?? []).map(([error, count]) => {
    if (error) throw error
    return Number(count)
  })
  return Array.from({ length: minutes }, (_, i) => Math.max(...answers.slice(i * lanes.length, (i + 1) * lanes.length)))
}
