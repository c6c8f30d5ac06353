import type { Redis } from 'ioredis'
import type { Canary } from '../../schemas/canary.ts'
import type { CanaryStatus } from '../../schemas/status.ts'

/** One store may have canaries of several kinds. */
export const canaryName = ({ store, kind }: Pick<Canary, 'store' | 'kind'>): string => `${store}:${kind}`
const key = (prefix: string, canary: Canary) => `${prefix}:canary:${canaryName(canary)}`

export const rememberDeath = async (redis: Redis, prefix: string, canary: Canary, at: number): Promise<void> => {
  await redis.set(key(prefix, canary), String(at))
}

/** Lost with Redis on purpose: what is not known is not well. */
export const readCanary = async (redis: Redis, prefix: string, canary: Canary, now: number): Promise<CanaryStatus> => {
  const { store, kind, everyMs } = canary
  const last = await redis.get(key(prefix, canary))
  const known = last === null ? {} : { lastVerifiedAt: Number(last), ageMs: Math.max(0, now - Number(last)) }
  return { configured: true, store, kind, everyMs, ...known }
}
