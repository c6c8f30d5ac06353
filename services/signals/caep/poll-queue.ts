import type { Redis } from 'ioredis'

export type QueuedSet = { jti: string; at: number; set: string }
export type PollQueue = ReturnType<typeof pollQueue>

/** What was acknowledged meanwhile is not put back. */
const putScript = `
for i = 1, #ARGV, 3 do
  local jti, at, set = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('SISMEMBER', KEYS[3], jti) == 0 and redis.call('HSETNX', KEYS[1], jti, set) == 1 then
    redis.call('ZADD', KEYS[2], at, jti)
  end
end`

/** Only what is in the queue can be acknowledged: nobody fills the set of acknowledgements with ids of his own. Nobody waits for a verification's. */
const settleScript = `
local settled = 0
for _, jti in ipairs(ARGV) do
  if redis.call('HDEL', KEYS[1], jti) == 1 then
    redis.call('ZREM', KEYS[2], jti)
    if string.sub(jti, 1, 13) ~= 'verification-' then redis.call('SADD', KEYS[3], jti) end
    settled = settled + 1
  end
end
redis.call('EXPIRE', KEYS[3], 2592000)
return settled`

/**
 * What one receiver may fetch now. Not durable, and need not be: the topic's committed offset is. Whoever lost Redis finds an id
 * neither queued nor acknowledged, and puts it again: only an acknowledgement that is here moves the offset.
 */
export const pollQueue = (redis: Redis, prefix: string, stream: string) => {
  const keys = ['sets', 'order', 'acked'].map(name => `${prefix}:ssf:${stream}:${name}`)
  const [sets = '', order = '', acked = ''] = keys
  return {
    put: async (all: QueuedSet[]): Promise<void> => {
      if (all.length > 0)
        await redis.eval(putScript, 3, ...keys, ...all.flatMap(({ jti, at, set }) => [jti, String(at), set]))
    },
    unacked: async (all: QueuedSet[]): Promise<QueuedSet[]> => {
      if (all.length === 0) return []
      const answers = await redis.smismember(acked, ...all.map(one => one.jti))
      return all.filter((_, i) => answers[i] !== 1)
    },
    /** Their offset is committed, or about to be. */
    forget: async (jtis: string[]): Promise<void> => {
      if (jtis.length > 0) await redis.srem(acked, ...jtis)
    },
    /** Oldest first; they stay until they are settled. */
    next: async (most: number): Promise<{ sets: Record<string, string>; moreAvailable: boolean }> => {
      const jtis = most === 0 ? [] : await redis.zrange(order, '0', String(most - 1))
      const [values, count] = await Promise.all([
        jtis.length === 0 ? [] : redis.hmget(sets, ...jtis),
        redis.zcard(order),
      ])
      const found = jtis.flatMap((jti, i): [string, string][] => (values[i] ? [[jti, values[i]]] : []))
      return { sets: Object.fromEntries(found), moreAvailable: count > jtis.length }
    },
    /** How many of them were in the queue. */
    settle: async (jtis: string[]): Promise<number> =>
      jtis.length === 0 ? 0 : ((await redis.eval(settleScript, 3, ...keys, ...jtis)) as number),
  }
}
