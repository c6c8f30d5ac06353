import type { Redis } from 'ioredis'
import { randomId } from '../pipeline/ids.ts'

/** One exporter at a time. Only so that two do not take turns: that two cannot fork is the folder's doing. */
export type ExporterLease = {
  take(): Promise<boolean>
  /** False: somebody else has it. */
  keep(): Promise<boolean>
  release(): Promise<void>
}

const leaseMs = 5_000

export const exporterLease = (redis: Redis, prefix: string): ExporterLease => {
  const me = randomId()
  const key = `${prefix}:audit-exporter`
  const take = async () => (await redis.set(key, me, 'PX', leaseMs, 'NX')) === 'OK' || (await redis.get(key)) === me
  return {
    take,
    keep: async () => {
      if (!(await take())) return false
      await redis.pexpire(key, leaseMs)
      return true
    },
    release: async () => {
      if ((await redis.get(key)) === me) await redis.del(key)
    },
  }
}
