import { randomUUID } from 'node:crypto'
import { type Canary, canariesOf } from '../schemas/canary.ts'
import type { StoreConfig } from '../schemas/stores.ts'
import type { Created } from './canary/canary.ts'
import { type Problem, StartRefused } from './pipeline/errors.ts'
import type { Store } from './pipeline/ports.ts'
import type { Parts } from './roles.ts'
import { sealValue } from './runtime/seal-value.ts'
import { oauthCanaryTokens } from './stores/oauth/canary-token.ts'
import { vaultCanaryLogins } from './stores/vault/canary-login.ts'
import { vaultCanaryTokens } from './stores/vault/canary-token.ts'

/** How a store makes a credential that only lives to die. A value leaves it sealed or not at all. */
export type CanaryMaker = {
  create(session: string): Promise<Created | { problem: Problem }>
  close(): Promise<void>
}

/** If its death is lost, a key ends by itself after this long, or the shortest life that its product gives. */
const keyLifeMs = 600_000

/** Throws StartRefused: what only an open store knows makes this canary impossible. The schema has said the rest. */
export const requireCanaries = ({ config, stores }: Pick<Parts, 'config' | 'stores'>): void => {
  for (const canary of canariesOf(config)) {
    const { store: id, kind, everyMs } = canary
    const store = stores.get(id)
    if (!store) continue
    if (kind === 'api.key' && !store.issue)
      throw new StartRefused(`canary.store: "${id}" cannot have a canary: its preset says nothing of how to \`issue\``)
    if (everyMs <= store.propagationMs)
      throw new StartRefused(
        `canary: everyMs of "${id}" must be over its window of ${store.propagationMs} ms: no death is proven sooner`,
      )
  }
}

export const openMaker = (parts: Parts, canary: Canary): CanaryMaker => {
  const config = parts.config.stores.find(one => one.id === canary.store)
  const store = parts.stores.get(canary.store)
  if (config?.kind === 'vault') return vaultMaker(parts, canary, config)
  if (config?.kind === 'oauth') return oauthMaker(parts, config)
  if (store?.issue) return keyMaker(parts, store.issue)
  throw new StartRefused(`canary.store: "${canary.store}" cannot have a canary`)
}

const opened = ({ redis, config, log, onCall }: Parts) => ({ redis, redisPrefix: config.redis.prefix, log, onCall })

const vaultMaker = (
  parts: Parts,
  { tokenRole, databaseRole = '' }: Canary,
  config: Extract<StoreConfig, { kind: 'vault' }>,
): CanaryMaker =>
  tokenRole === undefined
    ? vaultCanaryLogins(config, databaseRole, opened(parts))
    : vaultCanaryTokens(config, tokenRole, opened(parts))

const oauthMaker = (parts: Parts, config: Extract<StoreConfig, { kind: 'oauth' }>): CanaryMaker => {
  const tokens = oauthCanaryTokens(config, opened(parts))
  return {
    create: async () => {
      const made = await tokens.create()
      if ('problem' in made) return made
      const { value, expiresAt } = made
      // A name of ours: the token itself is not to be found in its handle.
      return { handle: `canary-${randomUUID()}`, expiresAt, value: await sealValue(parts.publicKey, value) }
    },
    close: tokens.close,
  }
}

const keyMaker = ({ publicKey }: Parts, issue: NonNullable<Store['issue']>): CanaryMaker => ({
  create: async name => {
    const made = await issue({ name, lifeMs: keyLifeMs, lane: 'probe' })
    if ('problem' in made) return made
    const { handle, target, value, expiresAt } = made
    const aimed = target === undefined ? {} : { target }
    return { handle, ...aimed, expiresAt, value: await sealValue(publicKey, value) }
  },
  // The store is everybody's and stays open.
  close: () => Promise.resolve(),
})
