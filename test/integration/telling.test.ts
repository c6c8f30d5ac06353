import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { outcomeEventData } from '../../schemas/outcome-events.ts'
import { credentialId, sessionKey } from '../../services/pipeline/ids.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

type Told = { id: string; type: keyof typeof outcomeEventData; specversion: string; data: Record<string, unknown> }
let world: World
let consumer: ReturnType<Kafka['consumer']>
const told: Told[] = []
beforeAll(async () => {
  world = await startWorld({ processes: [['ledger'], ['ledger'], ['intake', 'work']] })
  const kafka = new Kafka({ brokers: world.config.kafka.brokers, logLevel: logLevel.NOTHING })
  consumer = kafka.consumer({ groupId: `listener-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: world.config.kafka.topics.outcomes, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => {
      told.push(JSON.parse(String(message.value)) as Told)
      return Promise.resolve()
    },
  })
})
afterAll(async () => {
  await consumer?.disconnect()
  await world?.close()
})

const closings = (session: string) =>
  told.filter(one => one.type === 'curfew.session.closed' && one.data.session === session)
const ids = (session: string) => [...new Set(closings(session).map(one => one.id))].sort()
/** Folded before anything else is sent: input topics have no order between them, and an end read first closes without it. */
const granted = async (session: string, credential: SampleCredential, extra = {}) => {
  await world.grant(session, credential, extra)
  const credentialKey = world.key(`c:${credentialId('vault-local', credential.grant.handle)}`)
  await until('it is folded', () => world.redis.hexists(credentialKey, 'kind'))
}

describe('outcome events', () => {
  it('a death and the closing of its session are told, and a later grant closes it again with the next number', async () => {
    const sid = sessionKey('acme', 'o-1')
    await world.emitter.emit('curfew.session.started', { session: 'o-1', agent: 'bot' })
    const first = await world.issuer.token()
    await granted('o-1', first, { task: 't' })
    await world.emitter.emit('curfew.session.ended', { session: 'o-1' })
    await until('closed', () => ids('o-1').includes(`${sid}~1`))
    const late = await world.issuer.token()
    await granted('o-1', late)
    await until('closed again', () => ids('o-1').includes(`${sid}~2`))
    expect(ids('o-1')).toEqual([`${sid}~1`, `${sid}~2`])
    const again = closings('o-1').find(one => one.id === `${sid}~2`)
    const handles = ((again?.data.grants ?? []) as { handle: string }[]).map(grant => grant.handle)
    expect(handles).toEqual([first.grant.handle, late.grant.handle])
    const deaths = told.filter(one => one.type === 'curfew.credential.revoked')
    expect(new Set(deaths.map(one => one.data.handle))).toEqual(new Set(handles))
    for (const { id, data } of deaths) expect(id).toBe(data.receipt)
    for (const { type, data, specversion } of told) {
      expect(specversion).toBe('1.0')
      expect(outcomeEventData[type].safeParse(data).error).toBeUndefined()
    }
  })

  it('a session without a grant is closed when it ends, one with a living grant is not', async () => {
    await world.emitter.emit('curfew.session.started', { session: 'o-2' })
    await world.emitter.emit('curfew.session.started', { session: 'o-3' })
    await granted('o-3', await world.issuer.token())
    await world.emitter.emit('curfew.session.ended', { session: 'o-2' })
    await until('closed', () => ids('o-2').length > 0)
    expect(ids('o-2')).toEqual([`${sessionKey('acme', 'o-2')}~0`])
    expect(ids('o-3')).toEqual([])
    await world.emitter.emit('curfew.session.ended', { session: 'o-3' })
    await until('closed', () => ids('o-3').length > 0)
  })

  it('nothing is lost by a FLUSHALL and a killed ledger while deaths are under way', async () => {
    const sessions = Array.from({ length: 12 }, (_, i) => `o-flush-${i}`)
    for (const session of sessions) {
      await world.emitter.emit('curfew.session.started', { session })
      await granted(session, await world.issuer.token())
    }
    const ending = sessions.map(session => world.emitter.emit('curfew.session.ended', { session }))
    await world.redis.flushall()
    const [victim] = world.launched.pids('ledger')
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
    await Promise.all(ending)
    await until('all are closed', () => sessions.every(session => ids(session).length > 0), { withinMs: 60_000 })
    for (const session of sessions) expect(ids(session)).toEqual([`${sessionKey('acme', session)}~1`])
  })
})
