import type { Redis } from 'ioredis'

/** Deletes the projection. While it runs the fold refuses, so that no half of an old history is mixed with a new one. */
export const wipe = async (redis: Redis, prefix: string): Promise<void> => {
  // Not ready first: what was taken already must not conclude anything from what is left.
  await redis.multi().set(`${prefix}:wiping`, '1', 'PX', 120_000).del(`${prefix}:ready`, `${prefix}:marks`).exec()
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:*`, 'COUNT', 1_000)
    const doomed = keys.filter(key => !keep(key.slice(prefix.length + 1)))
    if (doomed.length > 0) await redis.unlink(...doomed)
    cursor = next
  } while (cursor !== '0')
  await redis.del(`${prefix}:wiping`)
}

/** What is counted is no projection: it goes on. */
const kept = ['wiping', 'counters', 'histograms']
const keep = (name: string) => kept.includes(name) || name.startsWith('owner:') || name.startsWith('budget:')
