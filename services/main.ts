import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { edge } from './intake/fingerprints.ts'
import { askElsewhere } from './learned-leaks.ts'
import { connectKafka } from './ledger/kafka.ts'
import { openLedger } from './ledger/open-ledger.ts'
import { connectRedis } from './ledger/redis.ts'
import { StartRefused } from './pipeline/errors.ts'
import { every } from './pipeline/every.ts'
import type { Store } from './pipeline/ports.ts'
import { noTracing } from './pipeline/tracing.ts'
import type { Parts, Started } from './roles.ts'
import { counters, histograms } from './runtime/counters.ts'
import { crashPointFromEnvironment } from './runtime/crash-point.ts'
import { loadKeyRings, publicIntakeKey } from './runtime/key-rings.ts'
import { type Lifetime, lifetime } from './runtime/lifetime.ts'
import { loadConfig } from './runtime/load-config.ts'
import { type Log, openLog } from './runtime/log.ts'
import { observeCalls } from './runtime/observe-calls.ts'
import { sealing } from './runtime/sealing.ts'
import { openStore } from './stores/registry.ts'
import { tracedStore } from './traced-work.ts'

/** One process with the roles of `--roles` (default: all). Exit codes: 0 asked to stop, 70 to be started again, 78 refused. */
const roles = {
  work: async parts => (await import('./work-role.ts')).workRole(parts),
  ledger: async parts => (await import('./roles.ts')).ledgerRole(parts),
  intake: async parts => (await import('./roles.ts')).intakeRole(parts),
  learn: async parts => (await import('./learn-role.ts')).learnRole(parts),
  signals: async parts => (await import('./signals-role.ts')).signalsRole(parts),
  api: async parts => (await import('./api-role.ts')).apiRole(parts),
  audit: async parts => (await import('./audit-role.ts')).auditRole(parts),
} satisfies Record<string, (parts: Parts) => Promise<Started>>
type Role = keyof typeof roles
const roleNames = Object.keys(roles) as Role[]

const openParts = async (
  configFile: string,
  roleText: string,
  life: Lifetime,
  log: Log,
  onFatal: Parts['onFatal'],
): Promise<Parts> => {
  const config = loadConfig(configFile)
  const redis = connectRedis(config.redis.url)
  life.onClose(() => redis.disconnect())
  const kafka = connectKafka(config.kafka.brokers, 'curfew', ({ namespace, message }) =>
    log({ msg: 'kafkajs', namespace, detail: message }),
  )
  const rings = await loadKeyRings(config.keysDir)
  const seals = sealing(rings.sealing)
  // Two hundred modules that a process without traces does not load.
  const traces = config.tracing
    ? (await import('./runtime/tracing.ts')).openTracing(config.tracing.otlpUrl, roleText)
    : undefined
  if (traces) life.onClose(traces.close)
  const tracing = traces ?? noTracing
  const ledger = openLedger(config, kafka, redis, tracing)
  life.onClose(ledger.facts.close)
  const shared = counters(redis, config.redis.prefix)
  const times = histograms(redis, config.redis.prefix)
  for (const { flush } of [shared, times]) life.onClose(flushing(flush))
  const onCall = observeCalls(shared, times)
  const traced = (store: Store) => (traces ? tracedStore(store, traces) : store)
  const stores = new Map(
    config.stores.map(store => [
      store.id,
      traced(openStore(store, { redis, redisPrefix: config.redis.prefix, log, onCall, sealing: seals })),
    ]),
  )
  for (const store of stores.values()) life.onClose(() => store.close())
  return {
    config,
    configFile: resolve(configFile),
    kafka,
    redis,
    ledger,
    edge: { ...edge(rings, seals), elsewhere: askElsewhere({ config, redis, log, counters: shared, onCall }, life) },
    publicKey: { ...publicIntakeKey(rings) },
    stores,
    sealingKids: new Set(rings.sealing.keys.keys()),
    counters: shared,
    histograms: times,
    onCall,
    tracing,
    crashPoint: crashPointFromEnvironment(process.env.CURFEW_CRASH_AT),
    log,
    onFatal,
    startEventually: life.startEventually,
  }
}

/** Once a second, and once more at the end. */
const flushing = (flush: () => Promise<void>) => {
  const stop = every(1_000, flush)
  return async () => {
    await stop()
    await flush()
  }
}

const run = async (configFile: string, wanted: Role[]): Promise<void> => {
  const log = openLog({ pid: process.pid, role: wanted.join('+') }, process.env.CURFEW_LOG_LEVEL ?? 'info')
  let ending = false
  const end = (code: number, entry: object) => {
    if (ending) return
    ending = true
    log(entry)
    // What does not close in time is what `kill -9` would cut off, and that is safe.
    setTimeout(() => process.exit(code), 15_000).unref()
    void life.close().finally(() => process.exit(code))
  }
  const life = lifetime(log, error => end(78, { msg: 'refused to start', error: error.message }))

  const onFatal = (reason: string, error: unknown) => end(70, { msg: 'fatal', reason, error: String(error) })
  const parts = await openParts(configFile, wanted.join('+'), life, log, onFatal)
  // The work first: it kills what is due also while Kafka is away and the others cannot start.
  for (const role of roleNames.filter(name => wanted.includes(name)))
    life.startEventually(role, () => roles[role](parts))

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => end(0, { msg: 'stopping', signal }))
  // Started by a launcher: its end is ours.
  process.on('disconnect', () => end(0, { msg: 'the launcher is gone' }))
  process.on('uncaughtException', error => end(70, { msg: 'uncaught', error: error.stack ?? String(error) }))
  process.on('unhandledRejection', error =>
    end(70, { msg: 'unhandled', error: String((error as Error)?.stack ?? error) }),
  )
}

const { values } = parseArgs({ options: { config: { type: 'string' }, roles: { type: 'string' } } })
const asked = values.roles?.split(',') ?? roleNames
const unknown = asked.filter(name => !(name in roles))
try {
  if (unknown.length > 0) throw new StartRefused(`no role ${unknown.join(', ')}; roles are ${roleNames.join(', ')}`)
  if (!values.config)
    throw new StartRefused(`usage: node services/main.ts --config <file> [--roles ${roleNames.join(',')}]`)
  await run(values.config, asked as Role[])
} catch (error) {
  process.stderr.write(`curfew: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(78)
}
