import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiState } from '../../schemas/http.ts'
import { expectDead } from '../support/expect-dead.ts'
import { type LearningWorld, startLearningWorld } from '../support/learning-world.ts'
import { fingerprintOf, seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { twoOfEach } from '../support/world.ts'

const token = 'a-scanner-token-of-the-test'
let learning: LearningWorld
beforeAll(async () => {
  learning = await startLearningWorld({
    processes: [...twoOfEach, ['learn'], ['api']],
    overrides: {
      api: { port: 0 },
      principals: [
        { id: 'orchestrator', tenant: 'acme', may: { lifecycle: true } },
        { id: 'issuer', tenant: 'acme', may: { grant: ['vault-local'] } },
        {
          id: 'scanner',
          tenant: 'acme',
          may: { leak: true },
          tokenSha256: createHash('sha256').update(token).digest('hex'),
        },
      ],
    },
  })
})
afterAll(() => learning?.close())

/** Input offsets that are not committed yet. */
const uncommitted = async (topic: string) => {
  const { brokers, group } = learning.world.config.kafka
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const [ends, [committed]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    ])
    return ends
      .map(({ partition, high }) => {
        const at = committed?.partitions.find(one => one.partition === partition)
        return Number(high) - Math.max(0, Number(at?.offset ?? 0))
      })
      .reduce((sum, one) => sum + one, 0)
  } finally {
    await admin.disconnect()
  }
}

const postLeak = async (id: string, sealed: string) => {
  const { url } = JSON.parse(readFileSync(join(learning.world.dir, 'api.json'), 'utf8')) as ApiState
  const event = { specversion: '1.0', id, source: '/scanner', type: 'curfew.leak.detected', data: { sealed } }
  const answer = await request(`${url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(event),
  })
  const body = (await answer.body.json()) as { code?: string; message?: string }
  return { status: answer.statusCode, retryAfter: answer.headers['retry-after'], body }
}

describe('a leak while the Vault that must be asked is down', () => {
  it('waits in Kafka uncommitted, is said, and is dead when the Vault is back', async () => {
    const { world, app, watch } = learning
    const { leaks, deadLetters } = world.config.kafka.topics
    const credential = await app.databaseLogin(await app.login('leak-in-an-outage'))
    const watched = await watch('the leaked login', credential)
    const value = credential.values[0] ?? ''
    await until('everything is committed', async () => (await uncommitted(leaks)) === 0)
    await world.stack.stop('vault')
    try {
      await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, value) })
      // What is known without the Vault acts at once.
      const known = world.key(`f:${await fingerprintOf(world.config, value)}`)
      await until('its own fingerprint is folded', async () => (await world.redis.exists(known)) === 1)
      await until('it is said', () => world.output().includes('PAGE leaks wait for a store'))
      expect(await uncommitted(leaks)).toBe(1)
      expect(watched.refusedFirst).toBeUndefined()
    } finally {
      await world.stack.start('vault')
    }
    await expectDead(world, watched, 'leaked')
    await until('it is committed', async () => (await uncommitted(leaks)) === 0)
    expect(await lettersIn(deadLetters)).toBe(0)
    expect(world.output()).not.toContain(value)
  })

  it('does not lose its place in the group while the Vault hangs for longer than a session', async () => {
    const { world, app, watch } = learning
    const credential = await app.databaseLogin(await app.login('leak-while-it-hangs'))
    const watched = await watch('the leaked login', credential)
    await world.stack.pause('vault')
    const since = Date.now()
    try {
      await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, credential.values[0] ?? '') })
      await until('a session would be over twice', () => Date.now() - since > 13_000)
      expect(await uncommitted(world.config.kafka.topics.leaks)).toBe(1)
    } finally {
      await world.stack.resume('vault')
    }
    await expectDead(world, watched, 'leaked')
    await until('it is committed', async () => (await uncommitted(world.config.kafka.topics.leaks)) === 0)
    expect(world.output()).not.toContain('"fatal"')
    expect(world.output()).not.toContain('The coordinator is not aware of this member')
  })

  it('is answered 503 over HTTP with Retry-After, and taken when it is sent again', async () => {
    const { world, app, watch } = learning
    const credential = await app.databaseLogin(await app.login('leak-over-http'))
    const watched = await watch('the leaked login', credential)
    const sealed = await seal(world.config, credential.values[0] ?? '')
    await world.stack.stop('vault')
    try {
      const refused = await postLeak('leak-1', sealed)
      expect(refused).toMatchObject({ status: 503, body: { code: 'fingerprints_unavailable' } })
      expect(Number(refused.retryAfter)).toBeGreaterThan(0)
      expect(refused.body.message).toContain('vault-local')
      expect(watched.refusedFirst).toBeUndefined()
    } finally {
      await world.stack.start('vault')
    }
    await until('it is taken', async () => (await postLeak('leak-1', sealed)).status === 202)
    await expectDead(world, watched, 'leaked')
  })
})

const lettersIn = async (topic: string) => {
  const admin = new Kafka({ brokers: learning.world.config.kafka.brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  } finally {
    await admin.disconnect()
  }
}
