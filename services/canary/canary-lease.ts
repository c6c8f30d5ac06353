import type { Redis } from 'ioredis'
import { randomId } from '../pipeline/ids.ts'

/** One canary of a name runs at a time over all processes, and one begins per period. */
export type CanaryLease = {
  /** False: another one runs, or this period has had its own. */
  take(everyMs: number): Promise<boolean>
  keep(): Promise<void>
  release(): Promise<void>
}

/** A killed holder's canary is over after this long. */
const runningMs = 5_000

export const canaryLease = (redis: Redis, prefix: string, name: string): CanaryLease => {
  const me = randomId()
  const running = `${prefix}:canary-running:${name}`
  const begun = `${prefix}:canary-begun:${name}`
  return {
    take: async everyMs => {
      if ((await redis.set(running, me, 'PX', runningMs, 'NX')) !== 'OK') return false
      // A little less than the period: the loop that comes back after exactly one must find it over.
      if ((await redis.set(begun, me, 'PX', Math.round(everyMs * 0.9), 'NX')) === 'OK') return true
      await redis.del(running)
      return false
    },
    keep: async () => {
      await redis.pexpire(running, runningMs)
    },
    release: async () => {
      if ((await redis.get(running)) === me) await redis.del(running)
    },
  }
}
