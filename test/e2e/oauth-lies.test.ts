import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { WorkNote } from '../../services/pipeline/ports.ts'
import { expectAlive, receiptOf } from '../support/expect-dead.ts'
import { type LyingOauth, lyingOauth, type OauthLies, standInClients } from '../support/lying-oauth.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let server: LyingOauth
let world: World
const folder = mkdtempSync(join(tmpdir(), 'curfew-oauth-lies-'))
const file = (client: string) => join(folder, client)
const login = (client: string) => ({ clientId: client, clientSecretFile: file(client) })

beforeAll(async () => {
  server = await lyingOauth()
  for (const name of standInClients) writeFileSync(file(name), server.client(name).clientSecret, { mode: 0o600 })
  const store = (id: string, more: object = {}) =>
    ({ id, kind: 'oauth', issuer: server.issuer, ...login('curfew'), ...more }) as never
  world = await startWorld({
    overrides: { recheckMs: 2_000 },
    stores: [
      store('plain'),
      store('may-not-revoke', { ...login('stranger'), introspection: login('curfew') }),
      store('with-door', { door: server.doorUrl }),
      store('only-the-door-knows', { introspection: login('stranger'), door: server.doorUrl }),
      store('changes-its-client', { introspection: login('curfew') }),
    ],
  })
})
afterAll(async () => {
  await world?.close()
  await server?.close()
  rmSync(folder, { recursive: true })
})
afterEach(() => lies({}))

const lies = (now: OauthLies) => {
  for (const name of Object.keys(server.lies)) delete server.lies[name as keyof OauthLies]
  Object.assign(server.lies, now)
}
const credential = (store: string, token: string, kind: SampleCredential['grant']['kind']): SampleCredential => {
  const door = () => (server.honoured(token) ? ('accepted' as const) : ('refused' as const))
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  return {
    grant: { store, kind, handle: `token-${crypto.randomUUID()}`, expiresAt, renewable: false },
    values: [token],
    shown: token,
    use: () => Promise.resolve(door()),
    try: () => Promise.resolve({ seen: door(), call: 'the stand-in', answer: door() }),
  }
}
let sessions = 0
/** In a session of its own; seen alive by the prober and by Curfew. */
const handOut = async (
  store: string,
  token: string,
  kind: SampleCredential['grant']['kind'] = 'oauth.access-token',
) => {
  sessions += 1
  const session = `s${sessions}`
  await world.emitter.emit('curfew.session.started', { session })
  const watched = await world.handOut(session, credential(store, token, kind))
  await until('Curfew saw it alive', () => world.redis.hget(world.key(`c:${cidOf(watched)}`), 'seen'))
  return { watched, end: () => world.emitter.emit('curfew.session.ended', { session }) }
}
const cidOf = ({ credential: { grant } }: Watched) => credentialId(grant.store ?? '', grant.handle)
const noteOf = async (watched: Watched): Promise<Partial<WorkNote>> =>
  JSON.parse((await world.redis.hget(world.key('notes'), cidOf(watched))) ?? '{}')
/** Tried again and again, accepted all the while, and no receipt says anything of it. */
const staysUnproven = async (watched: Watched, reason?: string, times = 2) => {
  const from = (await noteOf(watched)).attempts ?? 0
  await until('it is tried again', async () => ((await noteOf(watched)).attempts ?? 0) >= from + times)
  if (reason !== undefined)
    await until(`blocked: ${reason}`, async () => (await noteOf(watched)).blocked?.detail.includes(reason))
  await expectAlive(watched)
  expect((await world.outcomes()).filter(one => one.credential === cidOf(watched))).toEqual([])
}
/** The server tells the truth again. While it lied no bound was kept, but no receipt was early either. */
const expectVerified = async (watched: Watched) => {
  await until(`${watched.name} is refused`, () => watched.refusedFirst)
  const receipt = await until(`${watched.name} has its receipt`, () => receiptOf(world, watched))
  expect(receipt).toMatchObject({ outcome: 'verified', cause: 'session_ended' })
  expect(watched.acceptedLast, 'last accepted').toBeLessThanOrEqual((receipt.deadSince ?? 0) + 250)
}

it('(a) a revoker that may not: 200 without effect is never verified; it dies when the server obeys', async () => {
  const { watched, end } = await handOut('may-not-revoke', server.issue())
  await end()
  await staysUnproven(watched)
  expect(server.world.revocations).toContain('stranger')
  lies({ strangerRevokes: 'obeyed' })
  await expectVerified(watched)
})

it('(e) 200 without effect, always: never verified; it dies when the server tells the truth again', async () => {
  lies({ revoke: 'without-effect' })
  const { watched, end } = await handOut('plain', server.issue())
  await end()
  await staysUnproven(watched)
  lies({})
  await expectVerified(watched)
})

it('(g) a deleted client’s token is refused; with its client back it lives: paged, and killed in a new epoch', async () => {
  const { watched, end } = await handOut('with-door', server.issue())
  server.deleteClient('agent')
  await until('it is refused', () => watched.refusedFirst)
  await end()
  const first = await until('its receipt', () => receiptOf(world, watched))
  expect(first).toMatchObject({ outcome: 'verified', epoch: 0 })
  server.recreateClient('agent')
  await until('it is accepted again', () => watched.refusedFirst === undefined)
  const second = await until('it died again', () => receiptOf(world, watched, 1))
  expect(second).toMatchObject({ outcome: 'verified', epoch: 1, cause: 'session_ended' })
  await until('it is refused', () => watched.refusedFirst)
  expect(watched.acceptedLast).toBeLessThanOrEqual((second.deadSince ?? 0) + 250)
  expect(world.output()).toContain('PAGE relapsed')
})

it('(h) a refresh token that was rotated while nobody answered is not verified, though our step was taken', async () => {
  const { watched, end } = await handOut('plain', server.issue('refresh_token'), 'oauth.refresh-token')
  lies({ introspect: 'unavailable' })
  const successor = server.rotate(watched.credential.shown ?? '')
  const before = server.world.revocations.length
  await end()
  await until('the step was taken', () => server.world.revocations.length > before)
  await until('blocked', async () => (await noteOf(watched)).blocked?.detail.includes('503'))
  lies({})
  const receipt = await until('its receipt', () => receiptOf(world, watched))
  expect(receipt).toMatchObject({ outcome: 'impossible', reason: expect.stringContaining('successor') })
  expect(server.honoured(successor)).toBe(true)
})

it('(i) a door that answers anything but a refusal to a living token: blocked with that answer, never verified', async () => {
  lies({ revoke: 'without-effect' })
  const { watched, end } = await handOut('only-the-door-knows', server.issue())
  await end()
  for (const door of [404, 403, 429, 'access-denied'] as const) {
    lies({ revoke: 'without-effect', door })
    // A 429 is a pause of the store's, and no news of the token: what blocked it before stays listed.
    const reason = { 404: '404', 403: '403', 429: '403', 'access-denied': 'answered 200' }[door]
    await staysUnproven(watched, reason, door === 429 ? 2 : 1)
  }
  await server.closeDoor()
  await staysUnproven(watched, 'ECONNREFUSED', 1)
  await server.reopenDoor()
  lies({})
  await expectVerified(watched)
})

it('(l) a door that looks at the signature only goes on accepting: never verified; with no door, impossible', async () => {
  lies({ door: 'signature-only' })
  const expiresAt = Math.round(Date.now() / 1_000 + 600) * 1_000
  const known = await handOut('with-door', server.issueJwt(expiresAt))
  const unknown = await handOut('plain', server.issueJwt(expiresAt))
  await known.end()
  await unknown.end()
  const receipt = await until('its receipt', () => receiptOf(world, unknown.watched))
  expect(receipt).toMatchObject({ outcome: 'impossible', evidence: 'issuer', exposedUntil: expiresAt })
  await expectAlive(unknown.watched)
  await staysUnproven(known.watched)
  expect(server.world.tokens.get(known.watched.credential.shown ?? '')?.revoked, 'its issuer revoked it').toBe(true)
  lies({})
  await expectVerified(known.watched)
})

it('(b) a looking client that the token does not concern is told "inactive": blocked, until it is told the truth', async () => {
  const { watched, end } = await handOut('changes-its-client', server.issue())
  const config = parse(readFileSync(join(world.dir, 'curfew.yaml'), 'utf8'))
  const changed = config.stores.find((one: { id: string }) => one.id === 'changes-its-client')
  changed.introspection = login('stranger')
  writeFileSync(join(world.dir, 'curfew.yaml'), stringify(config))
  for (const pid of world.launched.pids('work')) process.kill(pid, 'SIGKILL')
  lies({ revoke: 'without-effect' })
  await end()
  await staysUnproven(watched, 'stranger was never told')
  lies({ strangerLooksUp: 'truth' })
  await expectVerified(watched)
})

it('in all of it no hint was sent, and the stand-in was asked', () => {
  expect(server.world.revocations.length).toBeGreaterThan(10)
  expect(server.world.hints).toEqual([])
})
