import type { Redis } from 'ioredis'
import type { CanaryStatus } from '../../schemas/status.ts'

export type CanaryConfig = { store: string; tokenRole: string; everyMs: number }

const key = (prefix: string, store: string) => `${prefix}:canary:${store}`

export const rememberDeath = async (redis: Redis, prefix: string, store: string, at: number): Promise<void> => {
  await redis.set(key(prefix, store), String(at))
}

/** Lost with Redis on purpose: what is not known is not well. */
export const readCanary = async (
  redis: Redis,
  prefix: string,
  config: CanaryConfig | undefined,
  now: number,
): Promise<CanaryStatus> => {
  if (!config) return { configured: false }
  const { store, everyMs } = config
  const last = await redis.get(key(prefix, store))
  const known = last === null ? {} : { lastVerifiedAt: Number(last), ageMs: Math.max(0, now - Number(last)) }
  return { configured: true, store, everyMs, ...known }
}
