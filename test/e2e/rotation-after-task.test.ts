import { afterAll, beforeAll, expect, it } from 'vitest'
import { type StaticKeyWorld, startStaticKeyWorld } from '../support/static-key-world.ts'
import { until } from '../support/until.ts'

let one: StaticKeyWorld
beforeAll(async () => {
  one = await startStaticKeyWorld({ afterTask: true, overlapMs: 0 })
})
afterAll(() => one?.close())

const version = async () => (await one.kept.readable()).at(-1) ?? 0
/** A session reads the secret at its keeper, and whoever handed it out says which version. */
const session = async (name: string) => {
  const { world, kept } = one
  const read = await version()
  await world.emitter.emit('curfew.session.started', { session: name })
  await world.emitter.emit('curfew.credential.granted', {
    session: name,
    store: 'vault-kv',
    kind: 'kv.secret-version',
    handle: `${kept.name}#${read}`,
  })
  return { read, key: await one.current() }
}
const receiptOf = async (name: string) =>
  [...(await one.world.receipts()).values()].find(receipt => receipt.grants.some(grant => grant.session === name))

it('a standing key that a session used dies with the session: it is rotated, and the session has its receipt', async () => {
  const { world, use } = one
  await until('the key was seen alive', async () => {
    const hash = await world.redis.hgetall(world.key(`x:${one.id}`))
    return (
      Object.keys(hash).some(field => field.startsWith('v:')) && (await world.redis.zcard(world.key('at:probe'))) === 0
    )
  })
  const first = await session('s1')
  const second = await session('s2')
  expect(second.read).toBe(first.read)
  await world.emitter.emit('curfew.session.ended', { session: 's1' })
  await until('the key is refused', async () => (await use(first.key)) === 'refused', { withinMs: 60_000 })
  expect(await use(await one.current())).toBe('accepted')
  const receipt = await until('the receipt of the session', () => receiptOf('s1'), { withinMs: 60_000 })
  expect(receipt).toMatchObject({ outcome: 'verified', cause: 'session_ended', kind: 'kv.secret-version' })
  // Who shared the version settles in the same death.
  expect(receipt.grants.map(grant => [grant.session, grant.cause])).toEqual([
    ['s1', 'session_ended'],
    ['s2', 'shared:s1'],
  ])

  const third = await session('s3')
  expect(third.read).toBeGreaterThan(first.read)
  await world.emitter.emit('curfew.session.ended', { session: 's3' })
  await until('its key is refused too', async () => (await use(third.key)) === 'refused', { withinMs: 60_000 })
  expect(await until('its receipt', () => receiptOf('s3'))).toMatchObject({ outcome: 'verified' })
})
