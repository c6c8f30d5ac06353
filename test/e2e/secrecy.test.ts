import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { expectDead } from '../support/expect-dead.ts'
import { files, findsIn } from '../support/find-values.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { CURFEW_LOG_LEVEL: 'trace', DEBUG: '' } })
})
afterAll(() => world?.close())

it('no credential value is anywhere: Kafka, Redis, logs, receipts, dead letters, the runtime folder', async () => {
  const session = 'secrecy'
  await world.emitter.emit('curfew.session.started', { session })
  const made: SampleCredential[] = [
    await world.issuer.token(),
    await world.issuer.databaseLogin(),
    await world.issuer.secretId(),
  ]
  const held = await Promise.all(
    made.map(async one => world.handOut(session, one, { sealed: [await seal(world.config, one.values[0] ?? '')] })),
  )
  const values = made.flatMap(one => one.values)
  await world.emitter.emit('curfew.leak.detected', {
    sealed: await seal(world.config, values[0] ?? ''),
    source: 'test',
  })
  const [leaked, ...others] = held
  if (!leaked) throw new Error('nothing was handed out')
  await expectDead(world, leaked, 'leaked')
  await world.emitter.emit('curfew.session.ended', { session })
  for (const watched of others) await expectDead(world, watched, 'session_ended')
  await world.redis.save()

  const { kafkaDataDir, redisDataDir } = world.stack.addresses
  const places = [...files(kafkaDataDir), ...files(redisDataDir), ...files(world.dir)].filter(
    // What only the key holder may read: the pipeline's own login and the key rings are not credentials of agents.
    file => !/vault-secret-id|postgres-probe-url|\/keys\//.test(file),
  )
  expect(
    places.some(file => /\.log$/.test(file) && statSync(file).size > 0),
    'Kafka segments were scanned',
  ).toBe(true)
  expect(
    places.some(file => /\.rdb$/.test(file)),
    'the RDB was scanned',
  ).toBe(true)
  expect(
    places.some(file => /\.aof$/.test(file)),
    'the AOF was scanned',
  ).toBe(true)
  const found = places.flatMap(file => findsIn(readFileSync(file), values).map(text => `${file}: ${text}`))
  expect(found).toEqual([])
  expect(findsIn(Buffer.from(world.output()), values), 'logs').toEqual([])
  expect(findsIn(Buffer.from(JSON.stringify(await world.outcomes())), values), 'receipts').toEqual([])
})

it('the scan itself finds a value that is planted, in every spelling', async () => {
  const value = 'hvs.planted-value-0123456789abcdef'
  const bytes = Buffer.from(value)
  for (const planted of [
    value,
    `{"x":"${value}"}`,
    bytes.toString('base64'),
    Buffer.from(`a${value}b`).toString('base64'),
    Buffer.from(`ab${value}b`).toString('base64'),
    bytes.toString('hex'),
    encodeURIComponent(value),
  ])
    expect(findsIn(Buffer.from(`before ${planted} after`), [value]), planted).not.toEqual([])
  await world.redis.set(world.key('planted'), value)
  await world.redis.save()
  const { redisDataDir } = world.stack.addresses
  await until('it is found in Redis', () =>
    files(redisDataDir).some(file => findsIn(readFileSync(file), [value]).length > 0),
  )
  await world.redis.del(world.key('planted'))
})
