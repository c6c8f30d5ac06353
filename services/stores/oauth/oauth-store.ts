import { mcpDoor } from '../../../schemas/door.ts'
import type { OauthStoreConfig } from '../../../schemas/store-oauth.ts'
import type { Credential, ProbeResult, StepResult, Store } from '../../pipeline/ports.ts'
import { alike, storeBudget } from '../budget.ts'
import { openDoor } from '../door.ts'
import { meteredCalls } from '../metered.ts'
import { meteredDoor } from '../metered-door.ts'
import { requireSafe } from '../safe-url.ts'
import { sealedValues } from '../sealed-values.ts'
import { stepEach } from '../step-each.ts'
import type { StoreParts } from '../store-parts.ts'
import { recentSteps } from '../vault/recent-steps.ts'
import { discovery } from './discovery.ts'
import { oauthEndpoints } from './endpoints.ts'
import { probeToken } from './token-probe.ts'
import { oauthWire } from './wire-fetch.ts'

const noRevocation = { state: 'impossible', reason: 'the issuer has no revocation endpoint (RFC 7009)' } as const

const needsToken = 'RFC 7009 needs the token itself: the grant brought no sealed `value`'

/** Access and refresh tokens, each ended and proven for itself: no server's cascade is believed. */
export const oauthStore = (config: OauthStoreConfig, parts: StoreParts): Store => {
  const { id, caFile, timeoutMs, budget: limits } = config
  for (const address of [config.issuer, config.resource]) if (address !== undefined) requireSafe(address)
  const wire = oauthWire({ caFile, timeoutMs, connections: limits.inFlight })
  const leaseMs = 2 * timeoutMs + 1_000
  const budgetOf = (store: string) =>
    storeBudget({ redis: parts.redis, prefix: parts.redisPrefix, store, limits: alike(limits), leaseMs })
  const call = meteredCalls(id, budgetOf(id), parts.onCall)
  const introspector = config.introspection ?? config
  const endpoints = oauthEndpoints({ call, wire, revoker: config, introspector })
  const door = doorOf(config)
  const doorCall = meteredCalls(id, budgetOf(`${id}/door`), parts.onCall)
  const use = door && meteredDoor(door, doorCall, 'probe')
  const probing = { endpoints, witness: introspector.clientId, tryDoor: use }
  const find = discovery({ issuer: config.issuer, resource: config.resource, call, wire })
  const tokensOf = (credential: Credential) => sealedValues(parts.sealing.open, id, credential)
  const steps = recentSteps()
  return {
    id,
    role: 'issuer',
    propagationMs: config.propagationMs,
    survives: () => config.survives,
    impossible: ({ sealed = [], valueSealed }) => (sealed.length > 0 || valueSealed ? undefined : needsToken),
    probe: async (credential, lane): Promise<ProbeResult> => {
      const tokens = tokensOf(credential)
      if ('problem' in tokens) return { state: 'unknown', ...tokens }
      const server = await find(lane)
      if ('problem' in server) return { state: 'unknown', ...server }
      if (server.revocation_endpoint === undefined) return noRevocation
      const stepped = steps.take(credential.handle)
      return untilNotDead(tokens, token => probeToken(probing, server, credential, token, lane, stepped))
    },
    revoke: async (credential, lane): Promise<StepResult> => {
      const tokens = tokensOf(credential)
      if ('problem' in tokens) return { state: 'failed', ...tokens }
      const server = await find(lane)
      if ('problem' in server) return { state: 'failed', ...server }
      if (server.revocation_endpoint === undefined) return noRevocation
      const step = await stepEach(tokens, token => endpoints.revoke(server, token, lane))
      steps.add(credential.handle)
      return step
    },
    ...(use === undefined ? {} : { use }),
    close: async () => {
      await Promise.all([wire.close(), door?.close()])
    },
  }
}

const doorOf = ({ door, timeoutMs, caFile }: OauthStoreConfig) => {
  if (door === undefined) return undefined
  const described = typeof door === 'string' ? mcpDoor(door) : door
  requireSafe(described.url)
  return openDoor(described, timeoutMs, caFile)
}

/** The first result that is not dead, else the last. */
const untilNotDead = async (tokens: string[], ask: (token: string) => Promise<ProbeResult>): Promise<ProbeResult> => {
  const [token = '', ...rest] = tokens
  const result = await ask(token)
  return result.state !== 'dead' || rest.length === 0 ? result : untilNotDead(rest, ask)
}
