import { afterAll, beforeAll, expect, it } from 'vitest'
import { type StaticKeyWorld, startStaticKeyWorld } from '../support/static-key-world.ts'
import { until } from '../support/until.ts'

const rotations = 20
let one: StaticKeyWorld
beforeAll(async () => {
  one = await startStaticKeyWorld({
    schedule: '*/2 * * * * *',
    overlapMs: 600,
    pickUp: { by: 'poll', everyMs: 200 },
  })
})
afterAll(() => one?.close())

it('a client that reads its key by name never fails through 20 scheduled rotations, and each old key is refused afterwards', async () => {
  const client = one.consumer({ callsPerSecond: 50, pollMs: 200 })
  await until(`${rotations} rotations`, () => client.seen.size > rotations, { withinMs: 110_000, everyMs: 200 })
  await client.close()
  const { counts, seen } = client
  process.stdout.write(`rotations: ${seen.size - 1}, client calls: ${counts.calls}, failed: ${counts.failed}\n`)
  expect(counts.failed).toBe(0)
  expect(counts.calls).toBeGreaterThan(rotations * 50)
  const keys = [...seen]
  // The last one may be replaced meanwhile; the one before may be in its overlap.
  for (const old of keys.slice(0, -2)) expect(await one.use(old)).toBe('refused')
  expect(await one.use(await one.current())).toBe('accepted')
  expect((await one.kept.read())?.url).toBe('kept as it is')
})
