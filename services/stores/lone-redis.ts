import type { Redis } from 'ioredis'

/**
 * For one process that acts by hand while Redis is away: what stores share (logins, budgets) is shared with nobody. It calls one
 * after the other, and a product's pause is still obeyed by whoever is told it.
 */
export const loneRedis = (): Redis => {
  const values = new Map<string, string>()
  const granted = [1, 0, '']
  const commands = {
    evalsha: () => Promise.resolve(granted),
    eval: () => Promise.resolve(granted),
    get: (key: string) => Promise.resolve(values.get(key) ?? null),
    set: (key: string, value: string, ...options: unknown[]) => {
      if (options.includes('NX') && values.has(key)) return Promise.resolve(null)
      values.set(key, value)
      return Promise.resolve('OK')
    },
    del: (key: string) => Promise.resolve(Number(values.delete(key))),
    incr: () => Promise.resolve(1),
    pexpire: () => Promise.resolve(1),
    pttl: () => Promise.resolve(-2),
  }
  return commands as unknown as Redis
}
