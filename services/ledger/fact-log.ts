import { type Kafka, Partitioners, type Producer } from 'kafkajs'
import { fact as factSchema } from '../../schemas/facts.ts'
import { FactsUnavailable } from '../pipeline/errors.ts'
import { type FactRecord, factRecord } from '../pipeline/fact-key.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { noTracing, type Tracing, traceOf } from '../pipeline/tracing.ts'

type Sent = FactRecord & { headers?: { traceparent: string } }
type Waiting = { records: Sent[]; resolve(): void; reject(error: unknown): void }

/**
 * Appends facts with acks from all in-sync replicas. Collects while one send is in flight (kafkajs has no linger), so that
 * many workers share a round trip. Not idempotent and not transactional on purpose: duplicates are harmless by design.
 */
export const factLog = (
  kafka: Kafka,
  topic: string,
  partitions: number,
  tracing: Tracing = noTracing,
): FactLog & { close(): Promise<void> } => {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 2, initialRetryTime: 100 },
  })
  // Connects with the first append and again after a failure: the work starts and goes on killing without Kafka.
  let connected: Promise<void> | undefined
  const connect = () => {
    connected ??= producer.connect().catch(error => {
      connected = undefined
      throw error
    })
    return connected
  }
  let waiting: Waiting[] = []
  let sending: Promise<void> | undefined

  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await connect()
        await send(producer, topic, batch)
        for (const one of batch) one.resolve()
      } catch (error) {
        for (const one of batch) one.reject(new FactsUnavailable(error))
      }
    }
    sending = undefined
  }

  return {
    append: facts =>
      new Promise((resolve, reject) => {
        // Throws for what no fold would understand: it must not be acknowledged as known.
        const records = facts.map((fact): Sent => {
          const record = factRecord(fact.kind === 'shred' ? fact : factSchema.parse(fact), partitions)
          const traceparent = traceOf(fact) ?? tracing.current()
          return traceparent === undefined ? record : { ...record, headers: { traceparent } }
        })
        waiting.push({ records, resolve, reject })
        sending ??= drain()
      }),
    close: async () => {
      await sending
      await producer.disconnect()
    },
  }
}

/** A broker refuses a batch of one partition over 1 MB, for ever: all of it may be one partition's. */
const mostBytes = 700_000

const send = async (producer: Producer, topic: string, batch: Waiting[]) => {
  let messages: Sent[] = []
  let bytes = 0
  const flush = async () => {
    if (messages.length > 0) await producer.send({ topic, acks: -1, timeout: 5_000, messages })
    messages = []
    bytes = 0
  }
  for (const record of batch.flatMap(one => one.records)) {
    const size = Buffer.byteLength(record.value ?? '') + record.key.length
    if (bytes + size > mostBytes) await flush()
    messages.push(record)
    bytes += size
  }
  await flush()
}
