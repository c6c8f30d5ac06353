import type { Config, Principal } from '../schemas/config.ts'
import { canaryTenant } from '../schemas/http.ts'
import type { VaultStoreConfig } from '../schemas/store-vault.ts'
import { startCanary } from './canary/canary.ts'
import { canaryLease } from './canary/canary-lease.ts'
import { readCanary, rememberDeath } from './canary/canary-state.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { FactLog } from './pipeline/ports.ts'
import type { Parts, Started } from './roles.ts'
import { vaultCanaryTokens } from './stores/vault/canary-token.ts'

/** The canary's own principal: in a tenant of its own, with rights on its store only. */
const canaryPrincipal = (store: string): Principal => ({
  id: 'canary',
  tenant: canaryTenant,
  may: { lifecycle: true, grant: [store], leak: false, admin: false },
})

/** Undefined: no canary is configured. */
export const canaryStore = ({ canary, stores }: Config): VaultStoreConfig | undefined => {
  if (!canary) return undefined
  const store = stores.find(one => one.id === canary.store)
  if (store?.kind !== 'vault') throw new StartRefused(`canary.store: "${canary.store}" is not a Vault`)
  return store
}

export const openCanary = (parts: Parts, facts: FactLog): Started | undefined => {
  const { config, redis, ledger, edge, onCall, log } = parts
  const { canary } = config
  const storeConfig = canaryStore(config)
  if (!canary || !storeConfig) return undefined
  const { prefix } = config.redis
  const tokens = vaultCanaryTokens(storeConfig, canary.tokenRole, {
    redis,
    redisPrefix: prefix,
    log,
    onCall,
  })
  const principal = canaryPrincipal(canary.store)
  const running = startCanary({
    config: canary,
    lease: canaryLease(redis, prefix, canary.store),
    createToken: tokens.create,
    send: async (type, data) => {
      const event = { specversion: '1.0', id: crypto.randomUUID(), source: '/curfew/canary', type, data }
      const headers = { 'content-type': 'application/cloudevents+json' }
      const raw = { headers, body: Buffer.from(JSON.stringify(event)), attributePrefix: 'ce-' } as const
      await facts.append(await factsOfEvent({ config, edge }, raw, principal, Date.now()))
    },
    receiptOf: async cid => (await ledger.projection.load(cid))?.receipt,
    blockedBy: async cid => (await ledger.projection.note(cid))?.blocked?.code,
    lastVerifiedAt: async () => (await readCanary(redis, prefix, canary, Date.now())).lastVerifiedAt,
    rememberDeath: at => rememberDeath(redis, prefix, canary.store, at),
    onStuck: reason => parts.onFatal(reason, 'the process is started again'),
    log,
  })
  return {
    close: async () => {
      await running.close()
      await tokens.close()
    },
  }
}
