import { reconcileHere } from './break-glass-told.ts'
import { sealedKids } from './ledger/sealed-kids.ts'
import { startWorkers } from './queue/workers.ts'
import { closeAll, type Parts, type Started } from './roles.ts'
import { rotationQueue } from './rotation-wiring.ts'
import { observeWork } from './runtime/observe-work.ts'
import { tracedJob } from './traced-work.ts'

export const workRole = async (parts: Parts): Promise<Started> => {
  const { config, redis, ledger } = parts
  await ledger.startHoldClock()
  sayBounds(parts)
  void pageMissingKeys(parts).catch(error => parts.log({ msg: 'sealing keys not checked', error: String(error) }))
  const work = {
    now: Date.now,
    projection: ledger.projection,
    facts: ledger.workFacts,
    stores: parts.stores,
    secrets: new Map(config.secrets.map(secret => [secret.id, secret])),
    boundMs: config.bounds.credentialMs,
    endOnLeak: config.session.endOnLeak,
    rotationBoundMs: config.bounds.rotationMs,
    recheckMs: config.recheckMs,
    observe: observeWork(parts.log, parts.counters),
    crashPoint: parts.crashPoint,
  }
  const rotations = rotationQueue(parts, work)
  const workers = startWorkers({
    work,
    rotations,
    index: ledger.index,
    redis,
    redisUrl: config.redis.url,
    prefix: config.redis.prefix,
    concurrency: config.work.concurrency,
    room: config.work.queueRoom,
    wakeUps: config.work.wakeUps,
    poke: ledger.poke,
    forget: ledger.forget,
    traced: tracedJob({ tracing: parts.tracing, redis, prefix: config.redis.prefix }),
    onFatal: parts.onFatal,
    log: parts.log,
  })
  return closeAll(workers, rotations, reconcileHere(parts))
}

/** What each store promises: the common bound and its own window. */
const sayBounds = ({ config, stores, log }: Parts) => {
  for (const { id, role, propagationMs } of stores.values())
    log({ msg: 'store', store: id, role, boundMs: config.bounds.credentialMs + propagationMs, windowMs: propagationMs })
}

/** What was sealed under a key that is not in the ring can be neither ended nor proven: said at the start, not at the end. */
const pageMissingKeys = async ({ redis, config, sealingKids, log }: Parts) => {
  for (const [kid, values] of await sealedKids(redis, config.redis.prefix))
    if (!sealingKids.has(kid)) log({ msg: 'PAGE a sealing key is missing from the ring', kid, values })
}
