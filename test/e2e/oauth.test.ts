import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { sampleOauthStore } from '../../infra/sample/oauth-store.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { sealedHash } from '../../services/pipeline/merges.ts'
import { expectDead, receiptOf } from '../support/expect-dead.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let server: OauthServer
let world: World
const folder = mkdtempSync(join(tmpdir(), 'curfew-oauth-e2e-'))
const streams = 'streams that were open before: until their client or the server closes them'
beforeAll(async () => {
  server = await startOauthServer()
  world = await startWorld({
    overrides: { recheckMs: 2_000 },
    stores: [sampleOauthStore(server, folder, [streams]), { id: 'legacy-mcp', kind: 'standing' }],
  })
})
afterAll(async () => {
  await world?.close()
  await server?.close()
  rmSync(folder, { recursive: true })
})

const sealedOf = (handle: string) => world.redis.hvals(world.key(sealedHash(credentialId('oauth-local', handle))))

it('a finished task: access and refresh token are refused, and their sealed values are gone after the second look', async () => {
  await world.emitter.emit('curfew.session.started', { session: 'o' })
  const held = [await server.issueAccessToken(), await server.issueRefreshToken()]
  const watched = await Promise.all(held.map(one => world.handOut('o', one, { task: 't' })))
  const untouched = await world.handOut('o', await server.issueAccessToken())
  for (const { grant, shown = '' } of held) {
    const [blob = ''] = await until(
      'its value is sealed',
      async () => (await sealedOf(grant.handle)).length > 0 && sealedOf(grant.handle),
    )
    expect(blob).not.toContain(shown)
  }
  await world.emitter.emit('curfew.task.finished', { session: 'o', task: 't', result: 'completed' })
  const [access] = await Promise.all(watched.map(one => expectDead(world, one, 'task_finished')))
  expect(access).toMatchObject({ evidence: 'used', exposure: [streams] })
  expect(untouched.refusedFirst).toBeUndefined()
  for (const { grant } of held) await until('it is shredded', async () => (await sealedOf(grant.handle)).length === 0)
  expect(await sealedOf(untouched.credential.grant.handle)).toHaveLength(1)
})

it('a JWT that is neither revocable nor introspectable is impossible, exposed until its end', async () => {
  await world.emitter.emit('curfew.session.started', { session: 'j' })
  const jwt = await server.issueJwt()
  await world.grant('j', jwt)
  const watched = world.prober.watch('jwt', jwt)
  const receipt = await until('its receipt', () => receiptOf(world, watched))
  expect(receipt).toMatchObject({ outcome: 'impossible', cause: 'first_probe' })
  expect(receipt.exposedUntil).toBeGreaterThan(Date.now())
})

it('a rotated refresh token is not verified, unless its successor was told', async () => {
  await world.emitter.emit('curfew.session.started', { session: 'r' })
  const [lost, followed] = [await server.issueRotatingToken(), await server.issueRotatingToken()]
  for (const one of [lost, followed]) await world.grant('r', one)
  const at = async (handle: string) => world.redis.hget(world.key(`c:${credentialId('oauth-local', handle)}`), 'seen')
  for (const { grant } of [lost, followed]) await until('it was seen alive', () => at(grant.handle))
  await server.rotate(lost)
  const { refresh: successor } = await server.rotate(followed)
  await world.grant('r', successor)
  await until('it was seen alive', () => at(successor.grant.handle))
  await world.emitter.emit('curfew.session.ended', { session: 'r' })
  const receipt = (credential: typeof lost) =>
    until('its receipt', () => receiptOf(world, { name: '', credential, tries: 0 }))
  expect(await receipt(lost)).toMatchObject({ outcome: 'impossible', reason: expect.stringContaining('successor') })
  expect(await receipt(followed)).toMatchObject({ outcome: 'verified' })
  expect(await receipt(successor)).toMatchObject({ outcome: 'verified' })
  expect(await successor.use()).toBe('refused')
})

it('a key that a server knows from its environment needs rotation: said at registration', async () => {
  await world.emitter.emit('curfew.session.started', { session: 'k' })
  const grant = { session: 'k', store: 'legacy-mcp', kind: 'standing.key', handle: 'notes-server' }
  await world.emitter.emit('curfew.credential.granted', grant)
  const credential = { grant: { ...grant, kind: 'standing.key' as const, renewable: false }, values: [] } as never
  const receipt = await until('its receipt', () => receiptOf(world, { name: '', credential, tries: 0 }))
  expect(receipt).toMatchObject({ outcome: 'impossible', reason: expect.stringContaining('needs rotation') })
})
