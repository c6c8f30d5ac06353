import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'

/**
 * A connection for commands that must not wait for ever: while Redis is away they fail and the caller offers its work again.
 * (BullMQ's workers need their own connections with `maxRetriesPerRequest: null`; services/queue makes those.)
 */
export const connectRedis = (url: string): Redis => {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 2,
    connectTimeout: 2_000,
    commandTimeout: 5_000,
    retryStrategy: times => Math.min(50 * times, 1_000),
  })
  // Without a listener a lost connection would end the process; the failing commands say it where it matters.
  redis.on('error', () => undefined)
  return redis
}

/** A connection that only listens: it waits through an outage and subscribes again by itself. */
export const connectSubscriber = async (url: string, channel: string, onMessage: () => void): Promise<Redis> => {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: times => Math.min(50 * times, 1_000) })
  redis.on('error', () => undefined)
  redis.on('message', onMessage)
  await redis.subscribe(channel)
  return redis
}

type Script = (...args: (string | number)[]) => Promise<unknown>
const scripts = ['fold', 'ready', 'take', 'defer', 'next', 'admit', 'rechecked', 'spend'] as const
export type LedgerScripts = Record<(typeof scripts)[number], Script>

/** Loads the Lua files as commands. ioredis sends EVALSHA and falls back to EVAL, also after FLUSHALL or a restart. */
export const ledgerScripts = (redis: Redis): LedgerScripts => {
  const loaded = scripts.map(name => {
    const command = `curfew_${name}`
    const lua = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
    redis.defineCommand(command, { numberOfKeys: 0, lua })
    const run = (redis as unknown as Record<string, Script>)[command]
    if (!run) throw new Error(`ioredis did not define ${command}`)
    return [name, run.bind(redis)] as const
  })
  return Object.fromEntries(loaded) as LedgerScripts
}

/** Redis's clock, in epoch ms: the one clock by which things are taken. */
export const redisTimeMs = async (redis: Redis): Promise<number> => {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

/** This process's clock minus Redis's, at the middle of the question. */
export const clockSkewMs = async (redis: Redis): Promise<number> => {
  const before = Date.now()
  const theirs = await redisTimeMs(redis)
  return Math.round((before + Date.now()) / 2 - theirs)
}
