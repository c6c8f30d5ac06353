import type { Redis } from 'ioredis'

/** The sealing keys that some sealed value still needs, each with how many values need it. */
export const sealedKids = async (redis: Redis, prefix: string): Promise<Map<string, number>> => {
  const kids = new Map<string, number>()
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:v:*`, 'COUNT', 1_000)
    const pipeline = redis.pipeline()
    for (const key of keys) pipeline.hkeys(key)
    for (const [, ids] of (await pipeline.exec()) ?? [])
      for (const id of Array.isArray(ids) ? (ids as string[]) : []) {
        // `<kid>-<16 hex>`, as services/runtime/sealing.ts names them.
        const kid = id.slice(0, id.lastIndexOf('-'))
        kids.set(kid, (kids.get(kid) ?? 0) + 1)
      }
    cursor = next
  } while (cursor !== '0')
  return kids
}
