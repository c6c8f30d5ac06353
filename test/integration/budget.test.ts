import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lane } from '../../services/pipeline/ports.ts'
import { alike, type Budget, type OperationGroup, storeBudget } from '../../services/stores/budget.ts'
import { sharedStack } from '../support/stack.ts'

type Limits = Parameters<typeof alike>[0]
const plenty: Limits = { callsPerSecond: 10_000, burst: 1_000, inFlight: 100 }
const holder = path.join(import.meta.dirname, '..', 'support', 'vault-budget-holder.ts')

describe('the budget of a store, shared by all processes', () => {
  let url: string
  const clients: Redis[] = []
  const client = () => {
    const redis = new Redis(url)
    clients.push(redis)
    return redis
  }
  beforeAll(async () => {
    url = (await sharedStack()).addresses.redisUrl
  }, 300_000)
  afterAll(() => Promise.all(clients.map(redis => redis.quit())))

  const fresh = (limits: Partial<Limits>, more: { prefix?: string; leaseMs?: number; waitMs?: number } = {}) =>
    storeBudget({
      redis: client(),
      prefix: more.prefix ?? `test-${randomUUID()}`,
      store: 'shared',
      limits: alike({ ...plenty, ...limits }),
      leaseMs: more.leaseMs ?? 10_000,
      waitMs: more.waitMs ?? 200,
    })

  test('two processes together never have more calls in flight than one may', async () => {
    const prefix = `test-${randomUUID()}`
    const budgets = [fresh({ inFlight: 4 }, { prefix }), fresh({ inFlight: 4 }, { prefix })]
    let flying = 0
    let most = 0
    const calls = Array.from({ length: 60 }, async (_, n) => {
      const slot = await granted(budgets[n % 2], 'revoke', 'leak')
      flying += 1
      most = Math.max(most, flying)
      await new Promise(resolve => setTimeout(resolve, 5))
      flying -= 1
      await slot.release({ status: 204 })
    })
    await Promise.all(calls)
    expect(most).toBe(4)
  })

  test('a missing budget starts empty, also after everything in Redis was deleted: no burst', async () => {
    const prefix = `test-${randomUUID()}`
    const redis = client()
    const budget = fresh({ callsPerSecond: 20, burst: 50 }, { prefix, waitMs: 0 })
    expect(await budget.acquire('probe', 'leak')).toMatchObject({ problem: { code: 'throttled' } })
    await granted(budget, 'probe', 'leak')
    // As FLUSHALL does, for this budget alone: the Redis is shared with other tests.
    await redis.del(await redis.keys(`${prefix}:*`))
    const after = await Promise.all(Array.from({ length: 50 }, () => budget.acquire('probe', 'leak')))
    expect(after.filter(slot => !('problem' in slot)).length).toBeLessThanOrEqual(1)
  })

  test('the rate holds over all processes', async () => {
    const prefix = `test-${randomUUID()}`
    const limits = { callsPerSecond: 100, burst: 1 }
    const budgets = [fresh(limits, { prefix }), fresh(limits, { prefix })]
    const started = performance.now()
    await Promise.all(Array.from({ length: 50 }, (_, n) => granted(budgets[n % 2], 'probe', 'leak')))
    expect(performance.now() - started).toBeGreaterThan(450)
  })

  test('a killed process leaks no slot: they come back when their leases end', async () => {
    const prefix = `test-${randomUUID()}`
    const child = spawn(process.execPath, [holder, url, prefix, '4', '1500'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const budget = fresh({ inFlight: 4 }, { prefix })
    expect(await budget.acquire('revoke', 'leak')).toMatchObject({ problem: { code: 'throttled' } })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const started = performance.now()
    await granted(budget, 'revoke', 'leak')
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  test('leaks go first and first probes last', async () => {
    const budget = fresh({ inFlight: 8 }, { waitMs: 1_000 })
    const admitted = async (lane: Lane) => {
      let count = 0
      for (;;) {
        const slot = await Promise.race([budget.acquire('revoke', lane), later(150)])
        if (slot === 'later' || 'problem' in slot) return count
        count += 1
      }
    }
    expect([await admitted('probe'), await admitted('kill'), await admitted('leak')]).toEqual([4, 3, 1])
  })

  test('Retry-After, told to one process, holds for all of them and for every group', async () => {
    const prefix = `test-${randomUUID()}`
    const [one, other] = [fresh({}, { prefix }), fresh({}, { prefix })]
    const slot = await granted(one, 'probe', 'kill')
    await slot.release({ status: 429, retryAfterMs: 5_000 })
    const refused = await other.acquire('revoke', 'leak')
    expect(refused).toMatchObject({ problem: { code: 'throttled', detail: 'shared: revoke calls: paused' } })
    expect('problem' in refused && refused.problem.retryAfterMs).toBeGreaterThan(4_000)
  })

  test('429s seen and calls in flight can never add up to the lockout', async () => {
    const prefix = `test-${randomUUID()}`
    const limits = { lockout: { strikes: 5, windowMs: 1_000 } }
    const budget = fresh(limits, { prefix })
    // Nobody knows what was seen before: one call at a time for a window.
    const first = await granted(budget, 'probe', 'leak')
    expect(await budget.acquire('login', 'leak')).toMatchObject({ problem: { detail: 'shared: login calls: lockout' } })
    await first.release({ status: 200 })
    const slots = [await granted(budget, 'probe', 'leak')]
    await until(async () => {
      const slot = await budget.acquire('revoke', 'leak')
      if (!('problem' in slot)) slots.push(slot)
      return slots.length === 4
    })
    expect(await budget.acquire('revoke', 'leak')).toHaveProperty('problem')
    for (const slot of slots) await slot.release({ status: 429, retryAfterMs: 1 })
    expect(await budget.acquire('revoke', 'leak')).toMatchObject({ problem: { code: 'throttled' } })
    // After the window everything is allowed again.
    await granted(budget, 'revoke', 'leak')
  })

  test('a store that takes calls and answers none holds two workers, not all; the first answer opens it again', async () => {
    const budget = fresh({})
    const first = await granted(budget, 'revoke', 'kill')
    await first.release({ silent: true })
    const [one] = [await granted(budget, 'probe', 'kill'), await granted(budget, 'revoke', 'leak')]
    expect(await budget.acquire('revoke', 'leak')).toMatchObject({ problem: { code: 'timeout' } })
    await one?.release({ status: 200 })
    await granted(budget, 'revoke', 'kill')
    await granted(budget, 'revoke', 'kill')
  })

  test('a killed call counts as a 429 that nobody saw', async () => {
    const budget = fresh({ lockout: { strikes: 2, windowMs: 2_000 } }, { leaseMs: 100 })
    const started = performance.now()
    await granted(budget, 'revoke', 'leak')
    await granted(budget, 'revoke', 'leak')
    expect(performance.now() - started).toBeGreaterThan(2_000)
  })
})

const later = (ms: number) => new Promise<'later'>(resolve => setTimeout(() => resolve('later'), ms))

const until = async (condition: () => Promise<boolean>) => {
  const deadline = performance.now() + 10_000
  while (!(await condition())) if (performance.now() > deadline) throw new Error('not within 10 s')
}

/** As a worker does: throttled means later. */
const granted = async (budget: Budget | undefined, group: OperationGroup, lane: Lane) => {
  const deadline = performance.now() + 10_000
  while (budget && performance.now() < deadline) {
    const slot = await budget.acquire(group, lane)
    if (!('problem' in slot)) return slot
    await later(Math.min(50, slot.problem.retryAfterMs ?? 50))
  }
  throw new Error('no slot within 10 s')
}
