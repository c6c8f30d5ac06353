import { randomBytes } from 'node:crypto'
import { mcpDoor } from '../../schemas/door.ts'
import type { StandingStoreConfig } from '../../schemas/store-standing.ts'
import type { Store } from '../pipeline/ports.ts'
import { alike, storeBudget } from './budget.ts'
import { openDoor } from './door.ts'
import { openHook } from './hook.ts'
import { impossibleStore } from './impossible-store.ts'
import { meteredCalls } from './metered.ts'
import { meteredDoor } from './metered-door.ts'
import { probeByUse } from './probe-by-use.ts'
import { requireSafe } from './safe-url.ts'
import { sealedValues } from './sealed-values.ts'
import type { StoreParts } from './store-parts.ts'

/** A key that a server knows from its environment or its configuration cannot be ended alone: it must be rotated. */
export const needsRotation = 'needs rotation: the server knows one standing key'
const needsValue = 'only its use tells whether it is accepted: no sealed `value` of it is known'

export const standingStore = (config: StandingStoreConfig, parts: StoreParts): Store => {
  const { id, door, hook, propagationMs, survives } = config
  if (door === undefined || hook === undefined) return impossibleStore(id, 'issuer', needsRotation)
  const described = typeof door === 'string' ? mcpDoor(door) : door
  requireSafe(described.url)
  const opened = openDoor(described, config.timeoutMs, config.caFile)
  const told = openHook(hook, config.hookTimeoutMs, config.caFile)
  const limits = alike({ callsPerSecond: 50, burst: 20, inFlight: 8 })
  const { redis, redisPrefix: prefix } = parts
  const leaseMs = 2 * config.timeoutMs + 1_000
  const metered = meteredCalls(id, storeBudget({ redis, prefix, store: id, limits, leaseMs }), parts.onCall)
  const use = meteredDoor(opened, metered, 'probe' as const)
  return {
    id,
    role: 'issuer',
    propagationMs,
    survives: () => survives,
    impossible: ({ sealed = [], valueSealed }) => (sealed.length === 0 && !valueSealed ? needsValue : undefined),
    probe: async (credential, lane) => {
      const values = sealedValues(parts.sealing.open, id, credential)
      if ('problem' in values) return { state: 'unknown', problem: values.problem }
      return probeByUse(values, value => use(value, lane))
    },
    revoke: async ({ handle }) => {
      const done = await told.tell({ action: 'drop', store: id, handle })
      return 'problem' in done ? { state: 'failed', problem: done.problem } : { state: 'claimed' }
    },
    use,
    // It opens nothing until its server is told of it: an issue that broke off leaves nothing behind.
    issue: ({ name }) => Promise.resolve({ handle: name, value: randomBytes(32).toString('base64url') }),
    named: () => Promise.resolve([]),
    install: version => told.tell({ action: 'install', store: id, ...version }),
    close: async () => {
      await Promise.all([opened.close(), told.close()])
    },
  }
}
