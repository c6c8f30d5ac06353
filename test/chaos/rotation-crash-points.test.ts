import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { rotationCrashPoints } from '../../services/pipeline/crash-points.ts'
import { startStaticKeyWorld } from '../support/static-key-world.ts'
import { until } from '../support/until.ts'

const dir = mkdtempSync(join(tmpdir(), 'curfew-rotation-crash-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('kill -9 at a step of a rotation: no call fails, and one living version is left', () => {
  it.concurrent.each(rotationCrashPoints)('%s', async point => {
    const died = join(dir, point)
    const one = await startStaticKeyWorld(
      { maxAgeMs: 4_000, overlapMs: 600, pickUp: { by: 'poll', everyMs: 200 } },
      { world: { env: { CURFEW_CRASH_AT: `${point}:${died}` } } },
    )
    try {
      const { world } = one
      const client = one.consumer({ callsPerSecond: 20, pollMs: 200 })
      const done = async () =>
        Object.entries(await world.redis.hgetall(world.key(`x:${one.id}`))).filter(
          ([field, value]) => field.startsWith('e:') && value.includes('"done"'),
        ).length
      await until('a process died at the point', () => existsSync(died), { withinMs: 60_000 })
      await until('two rotations are done', async () => (await done()) >= 2, { withinMs: 90_000 })
      await client.close()
      expect(client.counts.failed, 'failed calls').toBe(0)
      // What is current now may be replaced meanwhile; the one before may be in its overlap.
      const living = []
      for (const key of client.seen) if (await one.use(key).then(seen => seen === 'accepted')) living.push(key)
      expect(living.length, 'living versions').toBeLessThanOrEqual(2)
      expect(await one.use(one.first)).toBe('refused')
      expect(await one.use(await one.current())).toBe('accepted')
    } finally {
      await one.close()
    }
  })
})
