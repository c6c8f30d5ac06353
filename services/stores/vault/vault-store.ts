import type { Redis } from 'ioredis'
import type { VaultStoreConfig } from '../../../schemas/config.ts'
import type { CredentialKind } from '../../../schemas/grant.ts'
import type { Issuer } from '../../pipeline/ports.ts'
import { storeBudget } from '../budget.ts'
import { vaultAppRoleSecretId } from './approle-secret-id.ts'
import { authorizedCall } from './authorized-call.ts'
import { vaultBatchToken } from './batch-token.ts'
import { vaultClient } from './client.ts'
import { refuseUnsafeEnvironment } from './environment.ts'
import type { VaultKind } from './kind.ts'
import { vaultLease } from './lease.ts'
import { meteredCall, type OnCall } from './metered-call.ts'
import { type LeaseTarget, postgresTarget } from './postgres-target.ts'
import { recentSteps } from './recent-steps.ts'
import { vaultSession } from './session.ts'
import { vaultToken } from './token.ts'
import { vaultTransport } from './transport.ts'

export type StoreParts = {
  redis: Redis
  redisPrefix: string
  log(event: object): void
  onCall?: OnCall | undefined
}

/** Connections to a target at a time, over all processes: the agents need the others. */
const targetConnections = 8

export const vaultStore = (config: VaultStoreConfig, parts: StoreParts): Issuer => {
  refuseUnsafeEnvironment(process.env)
  const { origin } = safeAddress(config.address)
  const { timeoutMs } = config
  const transport = vaultTransport({ origin, caFile: config.caFile, timeoutMs, connections: config.budget.inFlight })
  const client = vaultClient({ address: origin, namespace: config.namespace }, transport)
  // A call takes two requests at most.
  const budget = storeBudget({
    redis: parts.redis,
    prefix: parts.redisPrefix,
    store: config.id,
    limits: config.budget,
    leaseMs: 2 * timeoutMs + 1_000,
  })
  const metered = meteredCall({ store: config.id, budget, client, onCall: parts.onCall })
  const session = vaultSession({
    call: metered,
    ...config.auth,
    tell: event =>
      parts.log({ level: event.event === 'store_session_lost' ? 'error' : 'info', store: config.id, ...event }),
  })
  const call = authorizedCall({ call: metered, session })
  const steps = recentSteps()
  const targets = leaseTargets(config, parts)
  const kinds: Record<CredentialKind, VaultKind> = {
    'vault.token': vaultToken({ call, ownAccessor: session.accessor, steps }),
    'vault.lease': vaultLease({ call, targets, steps }),
    'vault.approle-secret-id': vaultAppRoleSecretId({ call, mount: config.appRoleMount, steps }),
    'vault.batch-token': vaultBatchToken,
  }
  return {
    id: config.id,
    propagationMs: config.propagationMs,
    impossible: credential => kinds[credential.kind].impossible(credential),
    probe: (credential, lane) => kinds[credential.kind].probe(credential, lane),
    revoke: (credential, lane) => kinds[credential.kind].revoke(credential, lane),
    close: async () => {
      await session.close()
      await transport.close()
    },
  }
}

const leaseTargets = (config: VaultStoreConfig, parts: StoreParts): LeaseTarget[] =>
  config.targets.map(target => {
    const budget = storeBudget({
      redis: parts.redis,
      prefix: parts.redisPrefix,
      store: `${config.id}/target`,
      limits: { callsPerSecond: config.budget.callsPerSecond, burst: targetConnections, inFlight: targetConnections },
      leaseMs: 2 * target.timeoutMs + 1_000,
    })
    return postgresTarget({ ...target, store: config.id, budget, onCall: parts.onCall })
  })

/** The pipeline's token travels there: in clear only inside this machine. */
const safeAddress = (address: string): URL => {
  const url = new URL(address)
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && here))
    throw new Error(`stores: ${address} must be https (http only on this machine)`)
  return url
}
