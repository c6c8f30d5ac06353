import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Watched } from '../../infra/sample/prober.ts'
import type { GrantList } from '../../schemas/http.ts'
import type { DeadLetterList, ReplayPlan } from '../../schemas/http-replay.ts'
import type { GrantStory } from '../../schemas/http-story.ts'
import { launch } from '../../services/runtime/launcher.ts'
import { expectAlive, receiptOf } from '../support/expect-dead.ts'
import { typeCurfew } from '../support/type-curfew.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let watched: Watched
const curfew = (...args: string[]) => typeCurfew(world.dir, args)
const json = async <T>(...args: string[]) => JSON.parse((await curfew(...args, '--json')).out) as T

/** A bad deployment: the same Curfew, whose intake takes grants from nobody. It reads a session from its start to its end. */
beforeAll(async () => {
  world = await startWorld({ processes: [['ledger', 'work', 'api']] })
  await until('the API listens', () => existsSync(join(world.dir, 'api.json')))
  const config = parse(readFileSync(join(world.dir, 'curfew.yaml'), 'utf8'))
  config.principals.find((one: { id: string }) => one.id === 'issuer').may.grant = []
  const bad = join(world.dir, 'bad-deployment.yaml')
  writeFileSync(bad, stringify(config))
  const intake = launch({ configFile: bad, processes: [['intake']], onOutput: () => undefined })
  const token = await world.issuer.token()
  watched = world.prober.watch('missed token', token)
  await world.emitter.emit('curfew.session.started', { session: 'missed', agent: 'deploy-bot' })
  await world.grant('missed', token)
  await world.emitter.emit('curfew.leak.detected', { sealed: 'a.b.c.d.e' })
  await world.emitter.emit('curfew.session.ended', { session: 'missed', reason: 'done' })
  const refused = async () => Object.values((await json<DeadLetterList>('dlq')).open).reduce((sum, n) => sum + n, 0)
  await until('the grant and the leak are dead letters', async () => (await refused()) === 2, { everyMs: 500 })
  await until('the end is folded', async () => (await world.redis.smembers(world.key('sessions'))).length === 1)
  await intake.close()
})
afterAll(() => world?.close())

describe('after a bad deployment, from a terminal', () => {
  it('dlq says what was refused and why, and never its payload', async () => {
    const { code, out } = await curfew('dlq')
    expect(code).toBe(1)
    expect(out).toMatch(/^2 open dead letters: .*not_allowed 1/)
    const list = await json<DeadLetterList>('dlq', '--reason', 'not_allowed')
    const shown = await curfew('dlq', 'show', list.letters[0]?.id ?? '')
    expect(shown.out).toMatch(/reason {4}not_allowed: principal "issuer" may not send grant for store\s"vault-local"/)
    expect(shown.out).toContain('state     open: its record is still there')
    await expectAlive(watched)
  })

  it('replay shows the difference, changes nothing before it is applied, and what was missed dies', async () => {
    const plan = await json<ReplayPlan>('replay', '--dead-letters')
    expect(plan).toMatchObject({ state: 'planned', records: 2, refused: 1, gone: 0, resolves: 1 })
    expect(plan.facts).toEqual({ new: 1, known: 0, newByKind: { granted: 1 } })
    expect(plan.refusals).toMatchObject([{ code: 'cannot_open' }])
    await expectAlive(watched)
    const applied = await curfew('replay', '--apply', plan.plan)
    expect(applied).toMatchObject({ code: 3, err: '' })
    expect(applied.out).toMatch(/^PARTLY DONE {2}1 fact appended, 1 dead letter resolved, 1 still refused/)
    // The bound was suspended: its cause was not taken in. It was first seen alive by the look before the step.
    await until('the prober is refused', () => watched.refusedFirst)
    const receipt = await until('it has its receipt', () => receiptOf(world, watched))
    expect(receipt).toMatchObject({ outcome: 'verified', cause: 'session_ended', evidence: 'target' })
  })

  it('replayed again it is a no-op: every fact is known, and its letter is resolved', async () => {
    const again = await curfew('replay', '--since', '1h')
    expect(again.out).toMatch(/^PLAN {2}4 records: 0 facts new, 3 known: no effect, 1 still\s+refused/)
    expect(again.out).toContain('Nothing would change.')
    expect((await json<ReplayPlan>('replay', '--session', 'missed')).records).toBe(3)
    const { letters } = await json<DeadLetterList>('dlq', '--all', '--reason', 'not_allowed')
    expect(letters).toMatchObject([{ resolved: { by: 'local', facts: 1 } }])
    expect((await world.outcomes()).length).toBe(1)
  })

  it('what retention removed is said to be gone', async () => {
    const { brokers, topics } = world.config.kafka
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const ends = await admin.fetchTopicOffsets(topics.leaks)
    await admin.deleteTopicRecords({
      topic: topics.leaks,
      partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
    })
    await admin.disconnect()
    expect((await curfew('dlq')).out).toMatch(/GONE {3}cannot_open/)
    expect(await json<ReplayPlan>('replay', '--dead-letters')).toMatchObject({ records: 0, gone: 1, resolves: 0 })
  })

  it('explain tells the story from the facts themselves, by the beginning of its id', async () => {
    const { grants } = await json<GrantList>('grants', '--session', 'missed')
    const { code, out } = await curfew('explain', grants[0]?.grant.slice(0, 8) ?? '')
    expect(code).toBe(0)
    expect(out).toMatch(/session started[\s\S]*registered[\s\S]*session ended[\s\S]*due[\s\S]*refused[\s\S]*verified/)
    expect(out).toMatch(/DEAD, proven, .* after it was due/)
    const story = await json<GrantStory>('explain', grants[0]?.grant ?? '')
    expect(story.complete).toBe(true)
    expect(story.story.every(line => line.source?.startsWith('facts '))).toBe(true)
  })
})
