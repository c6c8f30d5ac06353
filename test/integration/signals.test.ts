import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { Kafka, logLevel } from 'kafkajs'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiState } from '../../schemas/http.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const key = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const token = 'the-receiver-of-this-stream'
const audience = 'https://receiver.example/caep'
const sessionRevoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
const dir = mkdtempSync(join(tmpdir(), 'curfew-signals-'))

let world: World
let alive: Receiver
let flaky: Receiver
let pushed: Receiver
let down = true
const onTopic = new Map<string, string>()
let listener: ReturnType<Kafka['consumer']>

beforeAll(async () => {
  writeFileSync(join(dir, 'key'), `${key}\n`)
  alive = await startReceiver(() => ({ status: 200 }))
  flaky = await startReceiver(() => ({ status: down ? 503 : 204 }))
  pushed = await startReceiver(() => ({ status: 202 }))
  const may = { lifecycle: false, grant: [], leak: false, admin: false }
  const webhook = (id: string, { url }: Receiver) => ({ id, url: `${url}/hook`, secretFile: join(dir, 'key') })
  world = await startWorld({
    processes: [['ledger'], ['intake', 'work'], ['signals'], ['signals'], ['api']],
    overrides: {
      principals: [
        { id: 'orchestrator', tenant: 'acme', may: { ...may, lifecycle: true } },
        { id: 'issuer', tenant: 'acme', may: { ...may, grant: ['vault-local'] } },
        { id: 'scanner', tenant: 'acme', may: { ...may, leak: true } },
        { id: 'idp', tenant: 'acme', may, tokenSha256: createHash('sha256').update(token).digest('hex') },
        { id: 'globex-idp', tenant: 'globex', may },
      ],
      signals: {
        webhooks: [webhook('alive', alive), webhook('flaky', flaky), { ...webhook('globex', alive), tenant: 'globex' }],
        caep: {
          issuer: 'https://curfew.example',
          streams: [
            { id: 'polled', principal: 'idp', audience, delivery: { method: 'poll' } },
            {
              id: 'pushed',
              principal: 'idp',
              audience,
              events: ['session-revoked'],
              delivery: { method: 'push', url: `${pushed.url}/set` },
            },
          ],
        },
      },
    },
  })
  const kafka = new Kafka({ brokers: world.config.kafka.brokers, logLevel: logLevel.NOTHING })
  listener = kafka.consumer({ groupId: `listener-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  await listener.connect()
  await listener.subscribe({ topic: world.config.kafka.topics.outcomes, fromBeginning: true })
  await listener.run({
    autoCommit: false,
    eachMessage: ({ message }) => {
      const text = String(message.value)
      onTopic.set((JSON.parse(text) as { id: string }).id, text)
      return Promise.resolve()
    },
  })
})
afterAll(async () => {
  await listener?.disconnect()
  await world?.close()
  for (const receiver of [alive, flaky, pushed]) await receiver?.close()
  rmSync(dir, { recursive: true })
})

const endSessions = async (name: string, count: number): Promise<string[]> => {
  const sessions = Array.from({ length: count }, (_, i) => `${name}-${i}`)
  for (const session of sessions) {
    await world.emitter.emit('curfew.session.started', { session })
    await world.grant(session, await world.issuer.token())
  }
  await until('folded', async () => (await world.redis.keys(world.key('c:*'))).length >= count)
  for (const session of sessions) await world.emitter.emit('curfew.session.ended', { session })
  const isClosed = (session: string) =>
    [...onTopic.values()].some(text => text.includes('session.closed') && text.includes(`"${session}"`))
  await until('all are closed', () => sessions.every(isClosed), { withinMs: 60_000 })
  return sessions
}
const killSignals = () => {
  const pids = world.launched.pids('signals')
  expect(pids).toHaveLength(2)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
}
const idsAt = (receiver: Receiver, from = 0) =>
  new Set(receiver.received.slice(from).map(one => String(one.headers['webhook-id'])))
const missingAt = (receiver: Receiver, from = 0) => {
  const ids = idsAt(receiver, from)
  return [...onTopic.keys()].filter(id => !ids.has(id))
}
const apiUrl = () => (JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState).url
type Polled = { sets: Record<string, string>; moreAvailable: boolean }
const poll = async (body: object): Promise<Polled> => {
  const answer = await fetch(`${apiUrl()}/v1/ssf/streams/polled/poll`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ returnImmediately: true, maxEvents: 1_000, ...body }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Polled
}
const revokedIn = (sets: Iterable<string>) =>
  [...sets].flatMap(set => {
    const { events, sub_id: subject } = decodeJwt<{ events: object; sub_id: { session: { id: string } } }>(set)
    return sessionRevoked in events ? [subject.session.id] : []
  })

describe('outcomes told beside Kafka', () => {
  it('a dead receiver holds up nobody, and hears everything when it is back, over kill -9 of every process', async () => {
    const sessions = await endSessions('hook', 8)
    await until('the living one has all', () => missingAt(alive).length === 0)
    await until('the dead one was tried', () => flaky.received.length > 0)
    killSignals()
    const [before, lived] = [flaky.received.length, alive.received.length]
    down = false
    await until('the one that is back has all', () => missingAt(flaky, before).length === 0, { withinMs: 60_000 })
    for (const { body, headers } of flaky.received.slice(before)) {
      const event = new Webhook(key).verify(body, headers as Record<string, string>) as { id: string }
      expect(body).toBe(onTopic.get(event.id))
    }
    // What was taken was committed: the other one hears nothing twice but what was on its way.
    expect(alive.received.length - lived).toBeLessThan(onTopic.size)
    const told = new Set(revokedIn(pushed.received.map(one => one.body)))
    await until(
      'the pushed stream has all',
      () => revokedIn(pushed.received.map(one => one.body)).length >= sessions.length,
    )
    expect([...told].every(session => sessions.includes(session))).toBe(true)
    expect(alive.received.some(one => one.headers['webhook-signature'] === undefined)).toBe(false)
  })

  it('polled SETs stay until they are acknowledged, come again where Redis has lost them, and never after that', async () => {
    const sessions = await endSessions('poll', 4)
    const all = () => poll({}).then(({ sets }) => sets)
    await until('all are there', async () => {
      const found = revokedIn(Object.values(await all()))
      return sessions.every(session => found.includes(session))
    })
    const first = await all()
    // Verified as a receiver does: by the published keys alone.
    const keys = (await (await fetch(`${apiUrl()}/v1/ssf/jwks`)).json()) as JSONWebKeySet
    const options = { issuer: 'https://curfew.example', audience, typ: 'secevent+jwt', algorithms: ['RS256'] }
    for (const set of Object.values(first)) await jwtVerify(set, createLocalJWKSet(keys), options)
    const [one = ''] = Object.values(first)
    await jwtVerify(one, createRemoteJWKSet(new URL(`${apiUrl()}/v1/ssf/jwks`)), options)

    await world.redis.del(...['sets', 'order', 'acked'].map(name => world.key(`ssf:polled:${name}`)))
    await until('they are there again', async () => {
      const again = Object.keys(await all())
      return Object.keys(first).every(jti => again.includes(jti))
    })
    killSignals()
    // While nobody is there to commit: the acknowledgement waits for them.
    const acked = Object.keys(first)
    expect((await poll({ ack: acked, maxEvents: 0 })).sets).toEqual({})
    const seen: string[] = []
    await until(
      'the acknowledged are committed',
      async () => {
        seen.push(...Object.keys(await all()))
        return (await world.redis.scard(world.key('ssf:polled:acked'))) === 0
      },
      { withinMs: 60_000 },
    )
    expect(seen.filter(jti => acked.includes(jti))).toEqual([])
    killSignals()
    const more = await endSessions('later', 1)
    await until('a later one is there', async () => revokedIn(Object.values(await all())).includes(more[0] ?? ''))
    expect(Object.keys(await all()).filter(jti => acked.includes(jti))).toEqual([])
  })

  it('a receiver’s own test of a stream comes on that stream', async () => {
    for (const id of ['polled', 'pushed']) {
      const answer = await fetch(`${apiUrl()}/v1/ssf/verification`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ stream_id: id, state: `state of ${id}` }),
      })
      expect(answer.status).toBe(204)
    }
    const states = (sets: string[]) => sets.map(set => JSON.stringify(decodeJwt(set).events)).join()
    await until('polled', async () => states(Object.values((await poll({})).sets)).includes('state of polled'))
    await until('pushed', () => states(pushed.received.map(one => one.body)).includes('state of pushed'))
  })
})
