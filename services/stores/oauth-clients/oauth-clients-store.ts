import type { OauthClientsStoreConfig } from '../../../schemas/store-oauth-clients.ts'
import type { Store } from '../../pipeline/ports.ts'
import { alike, storeBudget } from '../budget.ts'
import { meteredCalls } from '../metered.ts'
import { discovery } from '../oauth/discovery.ts'
import { oauthWire } from '../oauth/wire-fetch.ts'
import { requireSafe } from '../safe-url.ts'
import type { StoreParts } from '../store-parts.ts'
import { clientCalls } from './client-calls.ts'
import { endClient, impossibleOf, probeClient } from './end-client.ts'
import { reserveClient } from './reserve-client.ts'

/** Confidential clients of an authorization server: it makes them, honours their secrets and ends them. */
export const oauthClientsStore = (config: OauthClientsStoreConfig, parts: StoreParts): Store => {
  const { id, issuer, caFile, timeoutMs, budget: limits, propagationMs, survives } = config
  requireSafe(issuer)
  const wire = oauthWire({ caFile, timeoutMs, connections: limits.inFlight })
  const leaseMs = 2 * timeoutMs + 1_000
  const { redis, redisPrefix: prefix } = parts
  const call = meteredCalls(id, storeBudget({ redis, prefix, store: id, limits: alike(limits), leaseMs }), parts.onCall)
  const find = discovery({ issuer, resource: undefined, call, wire })
  const calls = clientCalls({ config, call, wire, find })
  const ending = { store: id, open: parts.sealing.open, calls }
  return {
    id,
    role: 'issuer',
    propagationMs,
    survives: () => survives,
    impossible: credential => impossibleOf(ending, credential),
    probe: (credential, lane) => probeClient(ending, credential, lane),
    revoke: (credential, lane) => endClient(ending, credential, lane),
    use: async (value, lane, handle) =>
      handle === undefined
        ? { state: 'unknown', problem: { code: 'protocol', detail: 'a secret without its client cannot be used' } }
        : calls.use(handle, value, lane),
    reserve: reserveClient(config, calls),
    close: wire.close,
  }
}
