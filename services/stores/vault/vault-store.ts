import type { kindsOfStore } from '../../../schemas/grant.ts'
import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Credential, Store } from '../../pipeline/ports.ts'
import { alike, storeBudget } from '../budget.ts'
import type { StoreParts } from '../store-parts.ts'
import { vaultAppRoleSecretId } from './approle-secret-id.ts'
import { vaultBatchToken } from './batch-token.ts'
import { vaultDoctor } from './doctor.ts'
import type { VaultKind } from './kind.ts'
import { vaultLease } from './lease.ts'
import { openVault } from './open-vault.ts'
import { type LeaseTarget, postgresTarget } from './postgres-target.ts'
import { recentSteps } from './recent-steps.ts'
import { vaultToken } from './token.ts'

/** Connections to a target at a time, over all processes: the agents need the others. */
const targetConnections = 8

export const vaultStore = (config: VaultStoreConfig, parts: StoreParts): Store => {
  const { session, call, close } = openVault(config, parts)
  const steps = recentSteps()
  const targets = leaseTargets(config, parts)
  const kinds: Record<(typeof kindsOfStore)['vault'][number], VaultKind> = {
    'vault.token': vaultToken({ call, ownAccessor: session.accessor, steps }),
    'vault.lease': vaultLease({ call, targets, steps }),
    'vault.approle-secret-id': vaultAppRoleSecretId({ call, mount: config.appRoleMount, steps }),
    'vault.batch-token': vaultBatchToken,
  }
  // Checked at intake: a store is only asked about credentials of its own kinds.
  const kindOf = ({ kind }: Credential) => kinds[kind as keyof typeof kinds]
  return {
    id: config.id,
    propagationMs: config.propagationMs,
    // Two probes and a step each; probes and steps have budgets of their own.
    deathsPerSecond: config.budget.callsPerSecond / 2,
    role: 'issuer',
    survives: () => [],
    impossible: credential => kindOf(credential).impossible(credential),
    probe: (credential, lane) => kindOf(credential).probe(credential, lane),
    revoke: (credential, lane) => kindOf(credential).revoke(credential, lane),
    doctor: vaultDoctor({ call, targets, appRoleMount: config.appRoleMount }),
    close,
  }
}

const leaseTargets = (config: VaultStoreConfig, parts: StoreParts): LeaseTarget[] =>
  config.targets.map(target => {
    const budget = storeBudget({
      redis: parts.redis,
      prefix: parts.redisPrefix,
      store: `${config.id}/target`,
      limits: alike({
        callsPerSecond: config.budget.callsPerSecond,
        burst: targetConnections,
        inFlight: targetConnections,
      }),
      leaseMs: 2 * target.timeoutMs + 1_000,
    })
    return postgresTarget({ ...target, store: config.id, budget, onCall: parts.onCall })
  })
