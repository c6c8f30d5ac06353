import { hostname, userInfo } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type {
  BreakGlass,
  BreakGlassAct,
  BreakGlassPlan,
  BreakGlassWanted,
  ByHand,
  JournalLine,
} from '../schemas/break-glass.ts'
import type { Config } from '../schemas/config.ts'
import { credentialKind, keeperKinds } from '../schemas/grant.ts'
import { journalHere, reconcileActs } from './break-glass-told.ts'
import { findGrants } from './ledger/find-grants.ts'
import { connectKafka } from './ledger/kafka.ts'
import { openLedger } from './ledger/open-ledger.ts'
import { findSession } from './ledger/read-sessions.ts'
import { connectRedis } from './ledger/redis.ts'
import { type ByHandParts, killByHand } from './pipeline/by-hand.ts'
import { credentialId, randomId } from './pipeline/ids.ts'
import type { Projection } from './pipeline/ports.ts'
import type { Journal } from './runtime/break-glass-journal.ts'
import { loadKeyRings } from './runtime/key-rings.ts'
import { loadConfig } from './runtime/load-config.ts'
import { sealing } from './runtime/sealing.ts'
import { loneRedis } from './stores/lone-redis.ts'
import { openStore } from './stores/registry.ts'

/** The stores and the ledger's state, without the API and without Kafka. */
export const breakGlass = (home: string): BreakGlass => ({
  plan: wanted => planByHand(journalHere(home), wanted),
  reconcile: async configFile => {
    const config = loadConfig(configFile)
    const kafka = connectKafka(config.kafka.brokers, 'curfew-break-glass')
    const redis = connectRedis(config.redis.url)
    const { facts } = openLedger(config, kafka, redis)
    try {
      return await reconcileActs(journalHere(home), config.kafka.topics.facts, facts)
    } finally {
      await facts.close().catch(() => undefined)
      redis.disconnect()
    }
  },
})

type Ledger = Pick<Projection, 'load' | 'note' | 'saveNote'>
type Opened = { config: Config; redis: Redis; ledger: Ledger | undefined; marks: Projection['marks'] }

const planByHand = async (journal: Journal, wanted: BreakGlassWanted): Promise<BreakGlassPlan> => {
  const config = loadConfig(wanted.configFile)
  const redis = connectRedis(config.redis.url)
  const close = () => Promise.resolve(redis.disconnect())
  try {
    const { projection } = openLedger(config, connectKafka(config.kafka.brokers, 'curfew-break-glass'), redis)
    const there = await redis.ping().then(
      () => true,
      () => false,
    )
    const opened = { config, redis, ledger: there ? projection : undefined, marks: projection.marks }
    const by = `break-glass:${userInfo().username}@${hostname()}`.slice(0, 128)
    const { acts, warnings } = await actsOf(opened, wanted, by)
    return {
      by,
      journal: journal.file,
      acts,
      warnings,
      close,
      run: tell => runAll(opened, journal, acts, wanted, tell),
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Act = Pick<BreakGlassAct, 'credential' | 'store' | 'kind' | 'handle' | 'target' | 'session'>

const actsOf = async (opened: Opened, { named, grant, session, reason }: BreakGlassWanted, by: string) => {
  const { config, ledger } = opened
  const base = { line: 'act' as const, at: Date.now(), by, reason, ledger: config.kafka.topics.facts }
  const warnings: string[] = []
  if (!ledger) warnings.push('Redis is away: nothing is known of what is named here, nor of who else holds it.')
  const found = named
    ? [await namedAct(opened, named, warnings)]
    : await knownActs(opened, { grant, session }, warnings)
  for (const { store } of found)
    if (!config.stores.some(one => one.id === store)) throw new Error(`There is no store "${store}" in the config.`)
  // A keeper's secret is proven by what is inside: issuers first.
  const keepers = new Set(config.stores.filter(one => keeperKinds.includes(one.kind)).map(one => one.id))
  const sorted = found.toSorted((a, b) => Number(keepers.has(a.store)) - Number(keepers.has(b.store)))
  return { acts: sorted.map(one => ({ ...base, act: randomId(), ...one })), warnings }
}

const namedAct = async (
  { ledger }: Opened,
  { store, handle, kind, target }: NonNullable<BreakGlassWanted['named']>,
  warnings: string[],
): Promise<Act> => {
  const known = credentialKind.safeParse(kind)
  if (!known.success) throw new Error(`There is no kind of credential "${kind}".`)
  const credential = credentialId(store, handle)
  const view = await ledger?.load(credential)
  if (ledger && !view) warnings.push('The ledger knows no grant of it: is it ours, and is its handle right?')
  const where = target ?? view?.target
  return { credential, store, kind: known.data, handle, ...(where === undefined ? {} : { target: where }) }
}

const knownActs = async (
  { config, redis, ledger, marks }: Opened,
  { grant, session }: Pick<BreakGlassWanted, 'grant' | 'session'>,
  warnings: string[],
): Promise<Act[]> => {
  if (!ledger) throw new Error('Redis is away, so names mean nothing here: name it by --store, --kind and --handle.')
  const parts = { redis, prefix: config.redis.prefix, marks }
  const tenants = [...new Set(config.principals.map(one => one.tenant))]
  const entries =
    grant === undefined
      ? ((await findSession(parts, tenants, session ?? ''))?.grants ?? [])
      : (await findGrants(parts, tenants, grant)).map(one => one.entry)
  if (entries.length === 0) throw new Error('The ledger knows no such session or grant.')
  if (grant !== undefined && entries.length > 1) throw new Error('More than one grant begins like this.')
  const dead = entries.filter(one => one.receipt?.outcome === 'verified')
  if (dead.length > 0) warnings.push(`${dead.length} proven dead before: left alone.`)
  const shared = await sharedOf(ledger, entries)
  if (shared > 0) warnings.push(`${shared} held by other sessions too: those lose it as well.`)
  return entries
    .filter(one => !dead.includes(one))
    .map(({ credential, store, kind, handle, session: held }) => ({ credential, store, kind, handle, session: held }))
}

const sharedOf = async (ledger: Ledger, entries: { credential: string }[]): Promise<number> => {
  const views = await Promise.all(entries.map(one => ledger.load(one.credential)))
  return views.filter(view => view && view.grants.length + view.held.length > 1).length
}

const runAll = async (
  opened: Opened,
  journal: Journal,
  acts: BreakGlassAct[],
  { timeoutMs }: BreakGlassWanted,
  tell: Parameters<BreakGlassPlan['run']>[0],
) => {
  const { config, redis, ledger } = opened
  const seals = sealing((await loadKeyRings(config.keysDir)).sealing)
  const wanted = new Set(acts.map(one => one.store))
  const shared = { redis: ledger ? redis : loneRedis(), redisPrefix: config.redis.prefix, log: () => undefined }
  const stores = new Map(
    config.stores.filter(one => wanted.has(one.id)).map(one => [one.id, openStore(one, { ...shared, sealing: seals })]),
  )
  const parts: Omit<ByHandParts, 'onSeen'> = {
    stores,
    ledger,
    boundMs: config.bounds.credentialMs,
    timeoutMs,
    now: Date.now,
    pause: ms => setTimeout(ms),
    interrupted: () => false,
    receipts: new Map(),
  }
  try {
    // All of them, before the first step: what a crash leaves undone is forced by the reconciliation.
    journal.append(acts)
    const results: ByHand[] = []
    for (const act of acts) {
      const note = (line: JournalLine) => journal.append([line])
      const done: ByHand = await killByHand(
        {
          ...parts,
          onSeen: (at, witness) =>
            note({ line: 'seen', act: act.act, at, ...(witness === undefined ? {} : { witness }) }),
        },
        act,
      ).catch((error: unknown) => ({
        act,
        outcome: 'alive' as const,
        why: error instanceof Error ? error.name : 'unknown',
      }))
      const { outcome, deadSince } = done
      note({ line: 'end', act: act.act, at: Date.now(), outcome, ...(deadSince === undefined ? {} : { deadSince }) })
      tell(done)
      results.push(done)
    }
    return results
  } finally {
    for (const store of stores.values()) await store.close()
  }
}
