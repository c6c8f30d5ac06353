import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { apiStateFile } from '../schemas/http.ts'
import { authenticator, tokenTable } from './api/authenticate.ts'
import { oidcTokens } from './api/oidc-tokens.ts'
import type { ApiParts } from './api/ports.ts'
import { standBy } from './api/stand-by.ts'
import { startApi } from './api/start-api.ts'
import { requireCanaries } from './canary-makers.ts'
import { openCanaries, readCanaries } from './canary-wiring.ts'
import { examine } from './doctor.ts'
import { inboxPorts } from './inbox-wiring.ts'
import { leakFingerprints } from './intake/leak-fingerprints.ts'
import { followOutcomes } from './ledger/follow-outcomes.ts'
import { type LagHistory, lagHistory } from './ledger/lag-history.ts'
import { leakMatches } from './ledger/leak-matches.ts'
import { planStore } from './ledger/plans.ts'
import { readModel } from './ledger/read-model.ts'
import { readSecrets } from './ledger/read-secrets.ts'
import { readStory } from './ledger/read-story.ts'
import { isCanary, type RecentReceipts, recentReceipts } from './ledger/recent-receipts.ts'
import { clockSkewMs, redisTimeMs } from './ledger/redis.ts'
import { openMetrics } from './metrics-wiring.ts'
import type { FactLog } from './pipeline/ports.ts'
import { replayPort } from './replay-wiring.ts'
import type { Parts, Started } from './roles.ts'
import { deadLettersOf, readCounters } from './runtime/counters.ts'
import type { Metrics } from './runtime/metrics.ts'
import { ssfPort } from './ssf-wiring.ts'

/** Serves first: people ask most when Kafka is away. Where the port is taken by another process, this one stands by. */
export const apiRole = async (parts: Parts): Promise<Started> => {
  const { ledger } = parts
  requireCanaries(parts)
  const ports = writePorts(parts, ledger.facts)
  return standBy(() => serve(parts, ledger.facts, ports), parts.log)
}

const serve = async (parts: Parts, facts: FactLog, ports: ReturnType<typeof writePorts>): Promise<Started> => {
  const { config, log } = parts
  const past = { recent: recentReceipts(), lags: lagHistory(Date.now) }
  const read = readPort(parts, past)
  const shown = openMetrics(parts, read)
  const ssf = await ssfPort(parts)
  const token = randomBytes(32).toString('base64url')
  const api = await startApi({
    ...config.api,
    token,
    stateFile: apiStateFile(process.env, homedir()),
    configFile: parts.configFile,
    api: { ...ports, ssf: ssf?.port, authenticate: whoIs(config, token), read, metrics: shown.render },
  })
  log({ msg: 'the API listens', port: Number(new URL(api.url).port) })
  const canaries = openCanaries(parts, facts)
  follow(parts, past, shown)
  return {
    close: async () => {
      ssf?.close()
      await canaries.close()
      await api.close()
    },
  }
}

const whoIs = (config: Parts['config'], token: string) =>
  authenticator(tokenTable(config, token), oidcTokens({ issuers: config.api.oidc, now: Date.now }))

/** What the outcome facts say, kept for those who ask by time. */
type Past = { recent: RecentReceipts; lags: LagHistory }

const follow = ({ startEventually, kafka, config, onFatal }: Parts, { recent, lags }: Past, shown: Metrics) =>
  startEventually('outcomes', () =>
    followOutcomes({
      kafka,
      topic: config.kafka.topics.facts,
      onReceipt: receipt => {
        lags.add(receipt)
        if (recent.add(receipt) && !isCanary(receipt)) shown.observe(receipt)
      },
      onRead: () => {
        recent.markRead()
        shown.markRead()
      },
      onFatal,
    }),
  )

/** Throws StartRefused: a sender whose secret cannot be read is no sender. */
const writePorts = (parts: Parts, facts: FactLog) => {
  const { edge, publicKey, log } = parts
  return {
    ...inboxPorts(parts, facts),
    replay: replayPort(parts),
    examine: store => examine(parts, store),
    plans: planPort(parts),
    now: Date.now,
    append: facts.append,
    fingerprints: async sealed => leakFingerprints({ edge }, await edge.open(sealed)),
    publicKey,
    log,
  } satisfies Partial<ApiParts>
}

const planPort = ({ config, redis, ledger, stores, log, counters }: Parts): ApiParts['plans'] =>
  planStore({
    redis,
    prefix: config.redis.prefix,
    scripts: ledger.scripts,
    stores,
    secrets: config.secrets.map(one => one.id),
    cap: config.cap,
    onBreakGlass: ({ plan, by, facts }) => {
      counters.add('curfew_break_glass_total', {})
      log({ msg: 'PAGE break-glass: a plan over the cap was applied by one person alone', plan, by, facts })
    },
  })

const readPort = ({ config, kafka, redis, ledger, stores }: Parts, past: Past): ApiParts['read'] => {
  const { prefix } = config.redis
  const { marks } = ledger.projection
  const model = readModel({
    redis,
    prefix,
    partitions: config.kafka.factsPartitions,
    stores: [...stores.values()],
    boundMs: config.bounds.credentialMs,
    marks,
    ...past,
  })
  const secrets = readSecrets({ redis, prefix, secrets: config.secrets, now: () => redisTimeMs(redis) })
  const story = { kafka, topic: config.kafka.topics.facts, partitions: config.kafka.factsPartitions }
  return {
    ...model,
    story: (tenants, id) => readStory({ redis, prefix, marks, ...story }, tenants, id),
    secrets: secrets.list,
    secret: secrets.one,
    leakMatches: query => leakMatches({ redis, prefix, marks }, query),
    clockSkewMs: () => clockSkewMs(redis),
    canaries: () => readCanaries({ config, redis }),
    lastHour: () => past.recent.lastHour(Date.now()),
    deadLetters: async () => deadLettersOf(await readCounters(redis, prefix)),
  }
}
