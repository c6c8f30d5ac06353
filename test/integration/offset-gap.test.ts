import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { launch } from '../../services/runtime/launcher.ts'
import { expectDead } from '../support/expect-dead.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ processes: [['ledger'], ['work']] })
})
afterAll(() => world?.close())

const intake = (output: Buffer[]) =>
  launch({ configFile: join(world.dir, 'curfew.yaml'), processes: [['intake']], onOutput: text => output.push(text) })

it('events that retention removed unread stop the intake and page; an operator says when to go on (invariant 12)', async () => {
  const { brokers, topics, group } = world.config.kafka
  const output: Buffer[] = []
  const text = () => Buffer.concat(output).toString()
  const first = intake(output)
  await world.emitter.emit('curfew.session.started', { session: 's' })
  const token = await world.handOut('s', await world.issuer.token())
  await until('the group has begun', async () => (await world.redis.sismember(world.key('groups'), group)) === 1)
  await first.close()

  await world.emitter.emit('curfew.session.heartbeat', { session: 's' })
  const admin = new Kafka({ brokers, clientId: 'retention', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topics.lifecycle)
  const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }))
  await admin.deleteTopicRecords({ topic: topics.lifecycle, partitions })

  const second = intake(output)
  await until('it pages', () => text().includes('PAGE offset gap'))
  await world.emitter.emit('curfew.session.ended', { session: 's' })
  expect(await world.redis.exists(world.key('gap'))).toBe(1)
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topics.lifecycle] })
  const low = new Map(partitions.map(one => [one.partition, Number(one.offset)]))
  expect(
    committed?.partitions.some(one => Number(one.offset) < (low.get(one.partition) ?? 0)),
    'nothing was jumped',
  ).toBe(true)
  expect(token.refusedFirst).toBeUndefined()
  await second.close()
  await admin.disconnect()

  const file = join(world.dir, 'curfew.yaml')
  const config = parse(readFileSync(file, 'utf8'))
  writeFileSync(file, stringify({ ...config, kafka: { ...config.kafka, acceptGap: true } }))
  const third = intake(output)
  await expectDead(world, token, 'session_ended')
  await third.close()
})
