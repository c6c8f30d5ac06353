import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectDead } from '../support/expect-dead.ts'
import { type HostileKeys, startHostileKeys } from '../support/hostile-keys.ts'
import { hostilePreset } from '../support/key-stores.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const windowMs = 3_000
const plenty = { calls: 5_000, perSeconds: 1 }
let product: HostileKeys
let world: World
const dir = mkdtempSync(join(tmpdir(), 'curfew-hostile-'))
beforeAll(async () => {
  product = await startHostileKeys()
  writeFileSync(join(dir, 'password'), product.account.password)
  world = await startWorld({
    stores: [
      {
        id: 'hostile-keys',
        kind: 'key-api',
        presetFile: hostilePreset,
        address: product.address,
        door: product.doorUrl,
        parameters: { email: product.account.email },
        secrets: { password: { file: join(dir, 'password') } },
        budgets: { login: plenty, tokens: plenty, door: plenty },
        lockout: false,
        propagationMs: windowMs,
      },
    ],
  })
})
afterAll(async () => {
  await world?.close()
  await product?.close()
  rmSync(dir, { recursive: true })
})

const handOut = async (session: string) => {
  await world.emitter.emit('curfew.session.started', { session })
  const watched = await world.handOut(session, product.issue({ shown: true }))
  const cid = credentialId('hostile-keys', watched.credential.grant.handle)
  await until('the door is a witness', () => world.redis.hget(world.key(`c:${cid}`), 'w:door'))
  return watched
}
const end = (session: string) => world.emitter.emit('curfew.session.ended', { session })
const noteOf = async (handle: string) => {
  const note = await world.redis.hget(world.key('notes'), credentialId('hostile-keys', handle))
  return note === null ? {} : (JSON.parse(note) as { attempts?: number; acceptedAt?: number })
}

it('refused, then accepted again by the other workers of the product: verified only after its window', async () => {
  product.lies.doorCacheMs = 2_000
  const watched = await handOut('flicker')
  await end('flicker')
  const receipt = await expectDead(world, watched, 'session_ended')
  expect(receipt).toMatchObject({ evidence: 'used', exposure: ['calls in flight: until they end'] })
  expect(receipt.settledAt - (receipt.steppedAt ?? 0)).toBeGreaterThanOrEqual(windowMs)
  product.lies.doorCacheMs = 0
})

it('a revocation without effect that the list confirms: the door still accepts it, so it is never verified; it dies when the product obeys', async () => {
  Object.assign(product.lies, { revokeWithoutEffect: true, listSaysRevoked: true })
  const watched = await handOut('liar')
  const { handle } = watched.credential.grant
  await end('liar')
  await until('it was seen accepted after a step', async () => (await noteOf(handle)).acceptedAt !== undefined)
  await until('it was tried again', async () => ((await noteOf(handle)).attempts ?? 0) >= 3)
  expect(watched.refusedFirst).toBeUndefined()
  expect((await world.outcomes()).filter(one => one.handle === handle)).toEqual([])
  Object.assign(product.lies, { revokeWithoutEffect: false, listSaysRevoked: false })
  const key = product.world.keys.get(handle)
  if (key) delete key.saidRevokedAtMs
  await expectDead(world, watched, 'session_ended')
})

it('a product that is restarted refuses connections: unknown, not dead, and it dies when the product is back', async () => {
  const watched = await handOut('restart')
  await product.goDown()
  await end('restart')
  const cid = credentialId('hostile-keys', watched.credential.grant.handle)
  const listed = async () =>
    JSON.parse((await world.redis.hget(world.key('notes'), cid)) ?? '{}').blocked?.code === 'unreachable'
  await until('it is listed as unreachable', listed)
  expect(await world.outcomes()).not.toContainEqual(expect.objectContaining({ credential: cid }))
  await product.comeUp()
  await expectDead(world, watched, 'session_ended')
})
