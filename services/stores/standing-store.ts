import { randomBytes } from 'node:crypto'
import { mcpDoor } from '../../schemas/door.ts'
import type { StandingStoreConfig } from '../../schemas/store-standing.ts'
import { type Credential, doorWitness, type Lane, type ProbeResult, type Store } from '../pipeline/ports.ts'
import { alike, storeBudget } from './budget.ts'
import { openDoor } from './door.ts'
import { openHook } from './hook.ts'
import { meteredCalls } from './metered.ts'
import { meteredDoor } from './metered-door.ts'
import { requireSafe } from './safe-url.ts'
import { sealedValues } from './sealed-values.ts'
import type { StoreParts } from './store-parts.ts'

/** A key that a server knows from its environment or its configuration cannot be ended alone: it must be rotated. */
export const needsRotation = 'needs rotation: the server knows one standing key'
const needsValue = 'only its use tells whether it is accepted: no sealed `value` of it is known'

export const standingStore = (config: StandingStoreConfig, parts: StoreParts): Store => {
  const { id, door, hook, propagationMs, survives } = config
  if (door === undefined || hook === undefined) return onlyListed(id)
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
    probe: (credential, lane) => probe(parts, id, use, credential, lane),
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

const probe = async (
  { sealing }: StoreParts,
  id: string,
  use: NonNullable<Store['use']>,
  credential: Credential,
  lane: Lane,
): Promise<ProbeResult> => {
  const values = sealedValues(sealing.open, id, credential)
  if ('problem' in values) return { state: 'unknown', problem: values.problem }
  for (const value of values) {
    const used = await use(value, lane)
    if (used.state === 'unknown') return used
    if (used.state === 'accepted') return { state: 'alive', evidence: 'used', witnesses: [doorWitness] }
  }
  return { state: 'dead', evidence: 'used', witnesses: [doorWitness] }
}

const onlyListed = (id: string): Store => {
  const impossible = () => Promise.resolve({ state: 'impossible', reason: needsRotation } as const)
  return {
    id,
    role: 'issuer',
    propagationMs: 0,
    survives: () => [],
    impossible: () => needsRotation,
    probe: impossible,
    revoke: impossible,
    close: () => Promise.resolve(),
  }
}
