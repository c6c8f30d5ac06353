import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { Fact } from '../schemas/facts.ts'
import { factRecord } from '../services/pipeline/fact-key.ts'
import { facts } from '../test/support/facts.ts'
import { sharedStackClosed } from '../test/support/stack.ts'
import { until } from '../test/support/until.ts'
import { startWorld } from '../test/support/world.ts'

/**
 * `npm run bench:rebuild [-- <facts>]`: fills the facts topic with lives of sessions (start, grant, seen, end, outcome),
 * then FLUSHALL, and measures until every partition is ready again.
 */
const wanted = Number(process.argv[2] ?? 200_000)
const perSession = 5
const hour = 3_600_000

const world = await startWorld({ processes: [['ledger'], ['intake']] })
try {
  await fill()
  const { redis, key, config } = world
  const folded = async () => {
    const applied = Object.values(await redis.hgetall(key('applied')))
    return applied.reduce((sum, offset) => sum + Number(offset) + 1, 0)
  }
  await until('all is folded once', async () => (await folded()) >= wanted, { withinMs: 600_000, everyMs: 250 })
  const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]
  const startedAt = performance.now()
  await redis.flushall()
  const partitions = config.kafka.factsPartitions
  await until('ready again', async () => (await redis.hlen(key('ready'))) === partitions, {
    withinMs: 600_000,
    everyMs: 20,
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const count = await folded()
  process.stdout.write(
    `${count} facts folded again in ${seconds.toFixed(1)} s: ${((seconds / count) * 1e6).toFixed(0)} s per million facts; ` +
      `Redis ${Math.round(Number(used) / (count / perSession))} bytes per session with one dead grant\n`,
  )
} finally {
  await world.close()
  await sharedStackClosed()
}

async function fill() {
  const { kafka: config } = world.config
  const kafka = new Kafka({ brokers: config.brokers, clientId: 'filler', logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const at = Date.now() - 48 * hour
  for (let session = 0; session * perSession < wanted; session += 400) {
    const messages = Array.from({ length: 400 }, (_, i) => life(`session-${session + i}`, at)).flat()
    await producer.send({
      topic: config.topics.facts,
      messages: messages.map(one => factRecord(one, config.factsPartitions)),
    })
  }
  await producer.disconnect()
}

function life(session: string, at: number): Fact[] {
  const handle = `accessor-of-${session}`
  return [
    facts.started(session, at),
    facts.granted(session, handle, at + 1, { expiresAt: at + hour, fingerprints: [`p1:${randomHex()}`] }),
    facts.seen(handle, at + 2),
    facts.ended(session, at + 3),
    facts.outcome(handle, at + 4),
  ]
}

function randomHex() {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), byte => byte.toString(16).padStart(2, '0')).join('')
}
