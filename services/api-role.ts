import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { apiStateFile } from '../schemas/http.ts'
import { tokenTable } from './api/authenticate.ts'
import type { ApiParts } from './api/ports.ts'
import { startApi } from './api/start-api.ts'
import { readCanary } from './canary/canary-state.ts'
import { openCanary } from './canary-wiring.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { followOutcomes } from './ledger/follow-outcomes.ts'
import { readModel } from './ledger/read-model.ts'
import { recentReceipts } from './ledger/recent-receipts.ts'
import { redisTimeMs } from './ledger/redis.ts'
import type { Parts, Started } from './roles.ts'
import { readCounters } from './runtime/counters.ts'
import { metrics } from './runtime/metrics.ts'

/** Listens first: people ask most when Kafka is away. Where the port is taken by another process, this one stands by. */
export const apiRole = async (parts: Parts): Promise<Started> => {
  const { config, redis, kafka, log, onFatal } = parts
  const { prefix } = config.redis
  const recent = recentReceipts()
  const read = readPort(parts, recent)
  const shown = metrics({
    status: read.status,
    canary: read.canary,
    counters: () => readCounters(redis, prefix),
  })
  const token = randomBytes(32).toString('base64url')
  const api = await startApi({
    ...config.api,
    token,
    stateFile: apiStateFile(process.env, homedir()),
    api: { ...apiParts(parts), authenticate: tokenTable(config, token), read, metrics: shown.render },
  })
  log({ msg: 'the API listens', port: Number(new URL(api.url).port) })
  parts.startEventually('outcomes', () =>
    followOutcomes({
      kafka,
      topic: config.kafka.topics.facts,
      onReceipt: receipt => {
        if (recent.add(receipt)) shown.observe(receipt)
      },
      onRead: recent.markRead,
      onFatal,
    }),
  )
  const canary = openCanary(parts)
  return {
    close: async () => {
      await canary?.close()
      await api.close()
    },
  }
}

const apiParts = ({ config, edge, ledger, publicKey, log }: Parts) =>
  ({
    now: Date.now,
    acceptEvent: async (raw, principal, receivedAt) => {
      const facts = await factsOfEvent({ config, edge }, raw, principal, receivedAt)
      await ledger.facts.append(facts)
      return facts.length
    },
    append: facts => ledger.facts.append(facts),
    fingerprints: async sealed => edge.fingerprints(await edge.open(sealed)),
    publicKey,
    log,
  }) satisfies Partial<ApiParts>

const readPort = ({ config, redis, ledger }: Parts, recent: ReturnType<typeof recentReceipts>): ApiParts['read'] => {
  const { prefix } = config.redis
  const model = readModel({
    redis,
    prefix,
    partitions: config.kafka.factsPartitions,
    stores: config.stores.map(store => store.id),
    boundMs: config.bounds.credentialMs,
    marks: ledger.projection.marks,
    recent,
  })
  return {
    ...model,
    clockSkewMs: async () => {
      const before = Date.now()
      const theirs = await redisTimeMs(redis)
      return Math.round((before + Date.now()) / 2 - theirs)
    },
    canary: async () => readCanary(redis, prefix, config.canary, await redisTimeMs(redis)),
    lastHour: () => recent.lastHour(Date.now()),
  }
}
