import { afterAll, beforeAll, expect, it } from 'vitest'
import { seal } from '../support/seal.ts'
import { type StaticKeyWorld, startStaticKeyWorld } from '../support/static-key-world.ts'
import { until } from '../support/until.ts'

const boundMs = 60_000
let one: StaticKeyWorld
beforeAll(async () => {
  // An overlap that only a leak can cut short.
  one = await startStaticKeyWorld({ overlapMs: 600_000 })
})
afterAll(() => one?.close())

const rotated = async (cause: string) =>
  [...(await one.world.receipts()).values()].filter(receipt => receipt.cause === cause && receipt.versions)

it('a leaked key is refused within the bound, its versions are closed, and the client works again with the new one', async () => {
  const { world, kept, use, first } = one
  const client = one.consumer({ callsPerSecond: 20, pollMs: 200, rereads: true })
  await until('the key was seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  await kept.write({ ...(await kept.read()), value: first, note: 'an older version with the same key' })

  const leakedAt = Date.now()
  const sealed = await seal(world.config, first)
  // Five scanners find the same.
  await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(source => world.emitter.emit('curfew.leak.detected', { sealed, source })),
  )
  await until('the leaked key is refused', async () => (await use(first)) === 'refused', { withinMs: boundMs })
  process.stdout.write(`leak -> refused: ${Date.now() - leakedAt} ms\n`)
  expect(await use(await one.current())).toBe('accepted')
  const [receipt] = await until('its receipt', async () => {
    const found = await rotated('leaked')
    return found.length > 0 && found
  })
  expect(receipt).toMatchObject({
    outcome: 'verified',
    evidence: 'used',
    versions: [{ secret: one.id, tenant: 'acme' }],
  })
  expect(receipt?.versions?.[0]?.keeperVersion).toMatch(/^\d+$/)
  await until('every older version is destroyed', async () => (await kept.readable()).length === 1)
  const failedBefore = client.counts.failed
  const callsBefore = client.counts.calls
  await until('the client calls on', () => client.counts.calls > callsBefore + 40)
  expect(client.counts.failed, 'calls that failed after a re-read').toBe(failedBefore)

  // One action for five findings: the first version, and the one that took its place.
  const { versions } = await world.redis.hgetall(world.key(`x:${one.id}`)).then(hash => ({
    versions: Object.keys(hash).filter(field => field.startsWith('v:')).length,
  }))
  expect(versions).toBe(2)
})
