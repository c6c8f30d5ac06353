import { type Canary, canariesOf } from '../schemas/canary.ts'
import type { Principal } from '../schemas/config.ts'
import { canaryTenant } from '../schemas/http.ts'
import type { CanaryStatus } from '../schemas/status.ts'
import { startCanary } from './canary/canary.ts'
import { canaryLease } from './canary/canary-lease.ts'
import { canaryName, readCanary, rememberDeath } from './canary/canary-state.ts'
import { openMaker } from './canary-makers.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { redisTimeMs } from './ledger/redis.ts'
import type { FactLog } from './pipeline/ports.ts'
import { closeAll, type Parts, type Started } from './roles.ts'

/** The canary's own principal: in a tenant of its own, with rights on its stores only. */
const canaryPrincipal = ({ store, holds }: Canary): Principal => ({
  id: 'canary',
  tenant: canaryTenant,
  may: { lifecycle: true, grant: [store, ...(holds ? [holds.store] : [])], leak: false, admin: false },
})

/** One loop for each, of its own: a store that is away holds up no other's canary. */
export const openCanaries = (parts: Parts, facts: FactLog): Started =>
  closeAll(...canariesOf(parts.config).map(canary => openCanary(parts, facts, canary)))

/** In the order of the config. */
export const readCanaries = async ({ config, redis }: Pick<Parts, 'config' | 'redis'>): Promise<CanaryStatus[]> => {
  const now = await redisTimeMs(redis)
  return Promise.all(canariesOf(config).map(canary => readCanary(redis, config.redis.prefix, canary, now)))
}

const openCanary = (parts: Parts, facts: FactLog, canary: Canary): Started => {
  const { config, redis, ledger, edge, log } = parts
  const { prefix } = config.redis
  const maker = openMaker(parts, canary)
  const principal = canaryPrincipal(canary)
  const running = startCanary({
    config: canary,
    lease: canaryLease(redis, prefix, canaryName(canary)),
    create: maker.create,
    send: async (type, data) => {
      const event = { specversion: '1.0', id: crypto.randomUUID(), source: '/curfew/canary', type, data }
      const headers = { 'content-type': 'application/cloudevents+json' }
      const raw = { headers, body: Buffer.from(JSON.stringify(event)), attributePrefix: 'ce-' } as const
      await facts.append(await factsOfEvent({ config, edge }, raw, principal, Date.now()))
    },
    receiptOf: async cid => (await ledger.projection.load(cid))?.receipt,
    blockedBy: async cid => (await ledger.projection.note(cid))?.blocked?.code,
    lastVerifiedAt: async () => (await readCanary(redis, prefix, canary, Date.now())).lastVerifiedAt,
    rememberDeath: at => rememberDeath(redis, prefix, canary, at),
    onStuck: reason => parts.onFatal(reason, 'the process is started again'),
    log,
  })
  return {
    close: async () => {
      await running.close()
      await maker.close()
    },
  }
}
