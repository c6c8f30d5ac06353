import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { readyPartitions } from './ready-partitions.ts'

export type WholeState = {
  redis: Redis
  prefix: string
  partitions: number
  partition: number
  /** The state must have folded the partition up to here. */
  offset: number
  heartbeat(): Promise<void>
  givenUp(): boolean
}

const pollMs = 20

/**
 * Looks at the state once it is whole and has folded the fact that one reacts to. A state that was wiped while one looked is
 * looked at again: what was not there would be told by nobody. Undefined: given up.
 */
export const untilFolded = async <T>(whole: WholeState, look: () => Promise<T>): Promise<T | undefined> => {
  let waits = pollMs
  while (!whole.givenUp()) {
    try {
      if (await isFolded(whole)) {
        const seen = await look()
        if (await isFolded(whole)) return seen
      }
    } catch {
      // Redis is away: nothing is told of what cannot be seen.
      waits = 500
    }
    await whole.heartbeat()
    await setTimeout(waits)
    waits = pollMs
  }
  return undefined
}

const isFolded = async ({ redis, prefix, partitions, partition, offset }: WholeState): Promise<boolean> => {
  const [ready, applied] = await Promise.all([
    readyPartitions(redis, prefix),
    redis.hget(`${prefix}:applied`, String(partition)),
  ])
  return ready >= partitions && Number(applied ?? -1) >= offset
}
