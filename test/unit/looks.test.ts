import { describe, expect, it } from 'vitest'
import type { Problem } from '../../services/pipeline/errors.ts'
import { sharedLooks } from '../../services/stores/key-api/looks.ts'
import { until } from '../support/until.ts'

/** Looks that end when the test says so. */
const looking = (pages = 1) => {
  const waiting: ((keys: string[] | { problem: Problem }) => void)[] = []
  let taken = 0
  const looks = sharedLooks<true>(() => {
    taken += 1
    return new Promise(resolve => {
      waiting.push(told =>
        resolve({
          pages,
          ...(Array.isArray(told) ? { whole: true, keys: new Map(told.map(key => [key, true])) } : told),
        }),
      )
    })
  })
  const end = (told: string[] | { problem: Problem } = ['k']) => {
    for (const one of waiting.splice(0)) one(told)
  }
  return { looks, end, taken: () => taken }
}

describe('one look for all', () => {
  it('whoever asks while a look that is young enough runs, waits for that one', async () => {
    const { looks, end, taken } = looking()
    const before = Date.now()
    const asked = [looks.ask(before, 'kill'), looks.ask(before, 'leak'), looks.ask(before - 1_000, 'probe')]
    end()
    for (const one of await Promise.all(asked)) expect(one).toHaveProperty('keys')
    expect(taken()).toBe(1)
  })

  it('a look that began before the moment that is asked for is never the answer', async () => {
    const { looks, end, taken } = looking()
    const first = looks.ask(Date.now(), 'kill')
    end(['k'])
    await first
    const later = Date.now() + 20
    const second = looks.ask(later, 'kill')
    await until('a second look is taken', () => taken() === 2, { everyMs: 5 })
    end([])
    expect(await second).toMatchObject({ keys: new Map() })
    expect((await second) as { began: number }).toHaveProperty('began', expect.any(Number))
    expect(((await second) as { began: number }).began).toBeGreaterThanOrEqual(later)
  })

  it('the last look answers as long as it is young enough', async () => {
    const { looks, end, taken } = looking()
    const asked = Date.now()
    const first = looks.ask(asked, 'kill')
    end()
    await first
    expect(await looks.ask(asked, 'kill')).toHaveProperty('keys')
    expect(taken()).toBe(1)
  })

  it('who asks for a moment that has not come waits, and is told how long', async () => {
    const { looks } = looking()
    expect(await looks.ask(Date.now() + 60_000, 'kill')).toMatchObject({ problem: { code: 'throttled' } })
  })

  it('a look that nobody answers keeps nobody waiting: the next one is taken beside', async () => {
    const { looks, end, taken } = looking()
    const first = looks.ask(Date.now(), 'kill')
    end({ problem: { code: 'timeout', detail: 'no answer in time' } })
    expect(await first).toMatchObject({ problem: { code: 'timeout' } })
    expect(await looks.ask(Date.now(), 'kill')).toMatchObject({ problem: { code: 'timeout' } })
    expect(taken()).toBe(2)
    end()
    await until('it is answered again', async () => 'keys' in (await looks.ask(0, 'kill')))
  })

  it('a look that failed is followed by a rest as well, but not for a leak', async () => {
    const { looks, end, taken } = looking(20)
    const first = looks.ask(Date.now(), 'kill')
    const began = Date.now()
    await until('it took a while', () => Date.now() - began > 40)
    end({ problem: { code: 'protocol', detail: 'cannot be read whole' } })
    await first
    expect(await looks.ask(Date.now(), 'kill')).toMatchObject({ problem: { code: 'throttled', putOff: true } })
    expect(taken()).toBe(1)
    const leak = looks.ask(Date.now(), 'leak')
    await until('a look is taken for the leak', () => taken() === 2, { everyMs: 5 })
    end()
    expect(await leak).toHaveProperty('keys')
  })

  it('a look that failed at its first page, however long it took, holds up the next one for half a second at most', async () => {
    const { looks, end, taken } = looking()
    const first = looks.ask(Date.now(), 'kill')
    const began = Date.now()
    await until('it took a while', () => Date.now() - began > 300)
    end({ problem: { code: 'throttled', detail: 'login: rate' } })
    await first
    const later = await looks.ask(Date.now(), 'kill')
    expect((later as { problem: Problem }).problem.retryAfterMs).toBeLessThanOrEqual(500)
    expect(taken()).toBe(1)
  })

  it('a pass over many pages that took long is followed by a rest in which the budget is the killing’s', async () => {
    const { looks, end } = looking(20)
    const first = looks.ask(Date.now(), 'kill')
    await until('it took long', async () => (await looks.ask(0, 'kill')) !== undefined, { withinMs: 2_000 })
    end()
    await first
    await until('the look is there', async () => 'keys' in (await looks.ask(0, 'kill')))
    expect(await looks.ask(Date.now(), 'kill')).toMatchObject({
      problem: { code: 'throttled', retryAfterMs: expect.any(Number) },
    })
  })
})
