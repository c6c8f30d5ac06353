import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

export type RedisScript = (redis: Redis, keys: string[], values: (string | number)[]) => Promise<unknown>

/** A Lua file as a function. After a restart or FLUSHALL of Redis the source is sent again. */
export const redisScript = (file: URL): RedisScript => {
  const source = readFileSync(file, 'utf8')
  const sha = createHash('sha1').update(source).digest('hex')
  return async (redis, keys, values) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...values)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return redis.eval(source, keys.length, ...keys, ...values)
    }
  }
}
