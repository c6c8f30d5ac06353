import type { Principal } from '../schemas/config.ts'
import type { Fact } from '../schemas/facts.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import type { LearnedEvent } from './learn/audit-events.ts'
import { type GapCloser, gapCloser } from './learn/close-gaps.ts'
import { observeLearning } from './learn/observe-learning.ts'
import { type LearningStore, learnRules } from './learn/rules.ts'
import { learnedMarks } from './ledger/caught-up.ts'
import { redisTimeMs } from './ledger/redis.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { Parts } from './roles.ts'
import { type VaultLearning, vaultLearning } from './stores/vault/learning.ts'

export type Learning = ReturnType<typeof openLearning>

/** What every way of learning from one Vault needs. */
export const openLearning = (parts: Parts, store: LearningStore) => {
  const { config, ledger, edge, redis } = parts
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
  return {
    store,
    rules,
    principal,
    tell,
    vault,
    factsOf,
    gaps,
    clock: () => redisTimeMs(redis),
    readUpTo: async (at: number) => {
      await redis.hset(learnedMarks(config.redis.prefix), store.id, at)
    },
    close: () => closeBoth(gaps, vault),
  }
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
