import { afterEach, expect, it } from 'vitest'
import { type AwsKeyWorld, startAwsKeyWorld } from '../support/aws-key-world.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'

// AWS is an emulator here; the key product, and the MCP server that asks it at every use, are real.
const rotations = 20
const boundMs = 60_000
let one: AwsKeyWorld
afterEach(() => one?.close())

const versionsOf = async () => Object.entries(await one.kept.labels()).filter(([, labels]) => labels.length > 0)

it('a client that reads its key by name never fails through 20 scheduled rotations, and each old key is refused afterwards', async () => {
  one = await startAwsKeyWorld({
    schedule: '*/2 * * * * *',
    overlapMs: 600,
    pickUp: { by: 'poll', everyMs: 200 },
  })
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
  expect((await one.kept.read()).url).toBe('kept as it is')
})

it('a leaked key is refused within the bound, AWSPREVIOUS is gone, the client works again, and the receipt names the version', async () => {
  // An overlap that only a leak can cut short.
  one = await startAwsKeyWorld({ overlapMs: 600_000 })
  const { world, first, use, kept } = one
  const [[old = ''] = []] = await versionsOf()
  const client = one.consumer({ callsPerSecond: 20, pollMs: 200, rereads: true })
  await until('the key is known', async () => (await world.redis.exists(world.key(`x:${one.id}`))) === 1)
  await until('the key was seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)

  const leakedAt = Date.now()
  const sealed = await seal(world.config, first)
  for (const source of ['a', 'b', 'c']) await world.emitter.emit('curfew.leak.detected', { sealed, source })
  await until('the leaked key is refused', async () => (await use(first)) === 'refused', { withinMs: boundMs })
  process.stdout.write(`leak -> refused: ${Date.now() - leakedAt} ms\n`)
  const fresh = await one.current()
  expect(fresh).not.toBe(first)
  expect(await use(fresh)).toBe('accepted')
  const receipt = await until('its receipt', async () =>
    [...(await world.receipts()).values()].find(({ cause, versions }) => cause === 'leaked' && versions),
  )
  expect(receipt).toMatchObject({
    outcome: 'verified',
    versions: [{ secret: one.id, tenant: 'acme', keeperVersion: old }],
  })
  await until('only the new version has a label', async () => (await versionsOf()).length === 1)
  await expect(kept.call('GetSecretValue', { VersionStage: 'AWSPREVIOUS' })).rejects.toThrow('ResourceNotFound')
  const facts = () => world.redis.hgetall(world.key(`x:${one.id}`))
  await until('the closed version is named', async () =>
    Object.entries(await facts()).some(([field, text]) => field.startsWith('e:') && text.includes(old)),
  )
  const { failed, calls } = client.counts
  await until('the client calls on', () => client.counts.calls > calls + 40)
  expect(client.counts.failed, 'calls that failed after a re-read').toBe(failed)
  expect(Object.keys(await facts()).filter(field => field.startsWith('v:'))).toHaveLength(2)
})
