import type { Principal } from '../schemas/config.ts'
import type { Fact } from '../schemas/facts.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { type LearnedEvent, learnedEvent, recordOfMessage } from './learn/audit-events.ts'
import { readAuditRecord } from './learn/audit-record.ts'
import { type GapCloser, gapCloser } from './learn/close-gaps.ts'
import { startLearner } from './learn/learner.ts'
import { observeLearning } from './learn/observe-learning.ts'
import { type LearningStore, learningStores, learnRules } from './learn/rules.ts'
import { cloudTrailTopics } from './learn-cloudtrail.ts'
import { type LearnedTopic, learnFromTopics } from './learn-topics.ts'
import { learnedMarks } from './ledger/caught-up.ts'
import { redisTimeMs } from './ledger/redis.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { Parts, Started } from './roles.ts'
import { type VaultLearning, vaultLearning } from './stores/vault/learning.ts'

/** Grants learned from the stores themselves: audit files on this machine, audit topics from a log shipper. */
export const learnRole = async (parts: Parts): Promise<Started> => {
  const learning = learningStores(parts.config).map(store => openLearning(parts, store))
  const started: Started[] = []
  for (const one of learning) if (one.store.learn.auditFile !== undefined) started.push(await learnFromFile(parts, one))
  const audited = learning.filter(one => one.store.learn.auditTopic !== undefined)
  // What a log shipper lost nobody sees: the store's own list, once at every start.
  for (const one of audited) one.gaps.found()
  const topics = [...audited.map(auditTopic), ...cloudTrailTopics(parts)]
  if (topics.length > 0) started.push(await learnFromTopics(parts, topics))
  return {
    close: async () => {
      for (const one of started) await one.close()
      for (const one of learning) await one.close()
    },
  }
}

type Learning = ReturnType<typeof openLearning>

const openLearning = (parts: Parts, store: LearningStore) => {
  const { config, ledger, edge } = parts
  const rules = learnRules(store, config.canary)
  const principal = principalOf(parts, store.id, store.learn)
  const tell = observeLearning(store.id, parts.log, parts.counters)
  const vault = openVaultLearning(parts, store)
  const factsOf = ({ raw, at }: LearnedEvent): Promise<Fact[]> => factsOfEvent({ config, edge }, raw, principal, at)
  const gaps = gapCloser({
    rules,
    facts: ledger.facts,
    factsOf,
    tokens: vault.inventory.tokens,
    leases: () => leasesUnder(vault, rules.paths.beginnings),
    ownEntity: async () => {
      const entity = await vault.ownEntity()
      if (typeof entity !== 'string') throw new Error(entity.problem.detail)
      return entity
    },
    tell,
  })
  return { store, rules, principal, tell, vault, factsOf, gaps, close: () => closeBoth(gaps, vault) }
}

const closeBoth = async (gaps: GapCloser, vault: VaultLearning): Promise<void> => {
  await gaps.close()
  await vault.close()
}

export const openVaultLearning = ({ redis, config, log, onCall }: Parts | BeforeParts, store: LearningStore) =>
  vaultLearning(store, {
    redis,
    redisPrefix: config.redis.prefix,
    log,
    onCall,
  })
type BeforeParts = Pick<Parts, 'redis' | 'config' | 'log' | 'onCall'>

const leasesUnder = async (vault: VaultLearning, beginnings: readonly string[]): Promise<number> => {
  let count = 0
  for (const beginning of beginnings)
    if (!beginning.startsWith('auth/')) count += await vault.inventory.leases(`${beginning.replace(/\/$/, '')}/`)
  return count
}

export const principalOf = (
  { config }: Pick<Parts, 'config'>,
  store: string,
  { principal }: { principal: string },
): Principal => {
  const found = config.principals.find(one => one.id === principal)
  if (!found) throw new StartRefused(`no principal "${principal}" for what is learned at ${store}`)
  return found
}

/** One file, read by one process: a second one would only read it again. */
const learnFromFile = (parts: Parts, { store, rules, tell, vault, factsOf, gaps }: Learning): Promise<Started> => {
  const { redis, config, ledger } = parts
  return startLearner({
    auditFile: store.learn.auditFile ?? '',
    positionFile: store.learn.positionFile ?? '',
    rules,
    facts: ledger.facts,
    factsOf,
    gaps,
    clock: () => redisTimeMs(redis),
    readUpTo: async at => {
      await redis.hset(learnedMarks(config.redis.prefix), store.id, at)
    },
    salt: async () => {
      const entity = rules.self.entity ?? (await vault.ownEntity())
      if (typeof entity === 'string') rules.self.entity = entity
      const answer = await vault.hash('curfew: is the salt still the same?')
      return 'hex' in answer ? answer.hex : undefined
    },
    crashPoint: parts.crashPoint,
    tell,
  })
}

const auditTopic = (one: Learning): LearnedTopic => ({
  topic: one.store.learn.auditTopic ?? '',
  principal: one.principal,
  onRejected: one.gaps.found,
  factsOf: async (body, receivedAt) => {
    const { learned, troubles } = readAuditRecord(one.rules, recordOfMessage(body))
    for (const trouble of troubles) one.tell({ event: 'trouble', trouble })
    const facts = await Promise.all(learned.map(each => one.factsOf(learnedEvent(one.rules, each, receivedAt))))
    return facts.flat()
  },
})
