import { Kafka, logLevel } from 'kafkajs'
import { vaultHttp } from '../infra/sample/vault-http.ts'
import { credentialId, receiptId } from '../services/pipeline/ids.ts'
import { sharedStackClosed } from '../test/support/stack.ts'
import { until } from '../test/support/until.ts'
import { startWorld, type World } from '../test/support/world.ts'
import { header, quantile, row } from './quantiles.ts'

/**
 * `npm run bench [-- <kills>]`: one Vault token at a time on an idle system, task.finished sent -> first refusal, by stage;
 * beside it, in the same run and alternating, the bare hop + revoke + probe that no pipeline can beat.
 */
const kills = Number(process.argv[2] ?? 200)
const stages: Record<string, number[]> = {
  'sent -> received (broker)': [],
  'received -> step done': [],
  'step done -> refused': [],
  'refused -> receipt appended': [],
  'sent -> refused (event to dead)': [],
}
const add = (stage: string, ms: number) => stages[stage]?.push(ms)

const world = await startWorld({ processes: [['ledger'], ['intake'], ['work']] })
const bare = await bareFloor(world)
try {
  const floor: number[] = []
  for (let i = 0; i < kills; i += 1) {
    await killOne(world, `bench-${i}`)
    floor.push(await bare.run())
    if (i % 20 === 19) process.stderr.write(`${i + 1}/${kills}\n`)
  }
  const total = stages['sent -> refused (event to dead)'] ?? []
  process.stdout.write(`${kills} kills, one at a time, 3 processes, one machine\n${header}\n`)
  for (const [name, values] of Object.entries(stages)) process.stdout.write(`${row(name, values)}\n`)
  process.stdout.write(`${row('bare hop + revoke + probe', floor)}\n`)
  process.stdout.write(`ratio to the bare floor at p50: ${(quantile(total, 0.5) / quantile(floor, 0.5)).toFixed(1)}\n`)
} finally {
  await bare.close()
  await world.close()
  await sharedStackClosed()
}

async function killOne({ emitter, issuer, redis, receipts, key, grant }: World, session: string) {
  const token = await issuer.token()
  await emitter.emit('curfew.session.started', { session })
  await grant(session, token, { task: 't' })
  const cid = credentialId('vault-local', token.grant.handle)
  await until('seen alive', () => redis.hexists(key(`c:${cid}`), 'seen'), { everyMs: 5 })
  const sentAt = Date.now()
  await emitter.emit('curfew.task.finished', { session, task: 't', result: 'completed' })
  const receipt = await until('receipt', async () => (await receipts()).get(receiptId(cid, 0)), { everyMs: 5 })
  const { dueAt, steppedAt = 0, deadSince = 0, settledAt } = receipt
  add('sent -> received (broker)', dueAt - sentAt)
  add('received -> step done', steppedAt - dueAt)
  add('step done -> refused', deadSince - steppedAt)
  add('refused -> receipt appended', settledAt - deadSince)
  add('sent -> refused (event to dead)', deadSince - sentAt)
}

/** A consumer that revokes by itself: no facts, no queue, no second probe, nothing durable. */
async function bareFloor({ config, issuer, stack }: World) {
  const topic = `${config.redis.prefix}.bare`
  const kafka = new Kafka({ brokers: config.kafka.brokers, clientId: 'bare', logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
  const { address, caFile, adminUsername, adminPassword } = stack.addresses.vault
  const http = vaultHttp(address, caFile)
  const login = await http.call('POST', `auth/userpass/login/${adminUsername}`, undefined, { password: adminPassword })
  const { client_token } = login.body.auth as { client_token: string }
  const waiting = new Map<string, () => void>()
  const consumer = kafka.consumer({ groupId: `bare-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 })
  const producer = kafka.producer()
  await Promise.all([consumer.connect(), producer.connect()])
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      const accessor = message.value?.toString() ?? ''
      await http.call('POST', 'auth/token/revoke-accessor', client_token, { accessor })
      await http.call('POST', 'auth/token/lookup-accessor', client_token, { accessor })
      waiting.get(accessor)?.()
    },
  })
  return {
    run: async () => {
      const accessor = (await issuer.token()).grant.handle
      const sentAt = performance.now()
      const done = new Promise<void>(resolve => waiting.set(accessor, resolve))
      await producer.send({ topic, messages: [{ value: accessor }] })
      await done
      return performance.now() - sentAt
    },
    close: async () => {
      await consumer.disconnect()
      await producer.disconnect()
      await http.close()
    },
  }
}
