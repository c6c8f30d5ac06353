import { randomUUID } from 'node:crypto'
import { type Canary, type CanaryCredential, canariesOf } from '../schemas/canary.ts'
import type { StoreConfig } from '../schemas/stores.ts'
import type { Created, NotCreated } from './canary/canary.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { Store } from './pipeline/ports.ts'
import type { Parts } from './roles.ts'
import { sealValue } from './runtime/seal-value.ts'
import { awsCanarySecrets } from './stores/aws/canary-secret.ts'
import { oauthCanaryTokens } from './stores/oauth/canary-token.ts'
import { vaultCanaryLogins } from './stores/vault/canary-login.ts'
import { vaultCanaryTokens } from './stores/vault/canary-token.ts'

/** How a store makes a credential that only lives to die. A value leaves it sealed or not at all. */
export type CanaryMaker = {
  create(session: string): Promise<Created | NotCreated>
  close(): Promise<void>
}

/** If its death is lost, a key ends by itself after this long, or the shortest life that its product gives. */
const keyLifeMs = 600_000

/** Throws StartRefused: what only an open store knows makes this canary impossible. The schema has said the rest. */
export const requireCanaries = ({ config, stores }: Pick<Parts, 'config' | 'stores'>): void => {
  for (const canary of canariesOf(config)) {
    const made = canary.holds ? [canary, canary.holds] : [canary]
    for (const { store: id, kind } of made)
      if (kind === 'api.key' && stores.has(id) && !stores.get(id)?.issue)
        throw new StartRefused(
          `canary.store: "${id}" cannot have a canary: its preset says nothing of how to \`issue\``,
        )
    const windowMs = made.reduce((sum, one) => sum + (stores.get(one.store)?.propagationMs ?? 0), 0)
    if (stores.has(canary.store) && canary.everyMs <= windowMs)
      throw new StartRefused(
        `canary: everyMs of "${canary.store}" must be over its window of ${windowMs} ms: no death is proven sooner`,
      )
  }
}

export const openMaker = (parts: Parts, canary: Canary): CanaryMaker => {
  const config = parts.config.stores.find(one => one.id === canary.store)
  if (config?.kind !== 'aws-secrets-manager') return credentialMaker(parts, canary)
  if (canary.holds) return secretMaker(parts, config, canary.holds)
  throw new StartRefused(`canary.store: "${canary.store}" cannot have a canary without \`holds\``)
}

const credentialMaker = (parts: Parts, made: CanaryCredential): CanaryMaker => {
  const config = parts.config.stores.find(one => one.id === made.store)
  const store = parts.stores.get(made.store)
  if (config?.kind === 'vault') return vaultMaker(parts, made, config)
  if (config?.kind === 'oauth') return oauthMaker(parts, config)
  if (store?.issue) return keyMaker(parts, store.issue)
  throw new StartRefused(`canary.store: "${made.store}" cannot have a canary`)
}

/** First what is honoured, then the secret that stands for it. */
const secretMaker = (
  parts: Parts,
  config: Extract<StoreConfig, { kind: 'aws-secrets-manager' }>,
  held: CanaryCredential,
): CanaryMaker => {
  const inner = credentialMaker(parts, held)
  const secrets = awsCanarySecrets(config, opened(parts))
  return {
    create: async session => {
      const made = await inner.create(session)
      if ('problem' in made) return made
      const { expiresAt, ...inside } = made
      const { store, kind } = held
      const secret = await secrets.create(session, `${store} ${inside.handle}`)
      const left = { store, kind, ...inside }
      return 'problem' in secret ? { ...secret, left } : { ...secret, expiresAt, inside: left }
    },
    close: async () => {
      await inner.close()
      await secrets.close()
    },
  }
}

const opened = ({ redis, config, log, onCall }: Parts) => ({ redis, redisPrefix: config.redis.prefix, log, onCall })

const vaultMaker = (
  parts: Parts,
  { tokenRole, databaseRole = '' }: CanaryCredential,
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
