import { randomBytes } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drawTrace, traceReceiver } from '../support/trace-receiver.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let receiver: Awaited<ReturnType<typeof traceReceiver>>
beforeAll(async () => {
  receiver = await traceReceiver()
  world = await startWorld({
    processes: [['ledger'], ['intake'], ['work']],
    overrides: { tracing: { otlpUrl: receiver.otlpUrl } },
  })
})
afterAll(async () => {
  await world?.close()
  await receiver?.close()
})

const traceHeader = async (topic: string): Promise<string[]> => {
  const kafka = new Kafka({ brokers: world.config.kafka.brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `tracing-${process.pid}` })
  const found: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: ({ message }) => {
      found.push(String(message.headers?.traceparent ?? ''))
      return Promise.resolve()
    },
  })
  try {
    await until('the deaths are told', () => found.length >= 2, { withinMs: 60_000 })
  } finally {
    await consumer.disconnect()
  }
  return found
}

it('one event is one trace, from its Kafka header over three processes to the store, the receipt and what others are told', async () => {
  const traceId = randomBytes(16).toString('hex')
  const senderSpan = randomBytes(8).toString('hex')
  await world.emitter.emit('curfew.session.started', { session: 'traced' })
  const token = await world.issuer.token()
  await world.handOut('traced', token)
  const traceparent = `00-${traceId}-${senderSpan}-01`
  await world.emitter.emit('curfew.session.ended', { session: 'traced' }, { traceparent })
  const wanted = ['fold', 'intake', 'job', 'store probe', 'store revoke', 'tell']
  const spans = await until(
    'all spans of the trace',
    () => {
      const all = receiver.spans(traceId)
      return wanted.every(name => all.some(span => span.name === name)) && all
    },
    { withinMs: 90_000 },
  )
  const ids = new Set([senderSpan, ...spans.map(span => span.spanId)])
  expect(spans.filter(span => !ids.has(span.parentSpanId ?? ''))).toEqual([])
  expect(spans.find(span => span.name === 'intake')?.parentSpanId).toBe(senderSpan)
  const told = await traceHeader(world.config.kafka.topics.outcomes)
  expect(told.filter(header => header.startsWith(`00-${traceId}-`)).length).toBe(told.length)
  if (token.shown !== undefined) expect(receiver.text()).not.toContain(token.shown)
  process.stdout.write(`\n${drawTrace(spans)}\n`)
})
