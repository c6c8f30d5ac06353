import type { Problem } from '../../pipeline/errors.ts'
import type { Credential } from '../../pipeline/ports.ts'
import { leaseProbe, leaseStep } from './answers.ts'
import type { VaultKind } from './kind.ts'
import type { MeteredCall } from './metered-call.ts'
import type { LeaseTarget } from './postgres-target.ts'
import { provenProbe } from './proven-probe.ts'
import type { RecentSteps } from './recent-steps.ts'

const contradiction: Problem = {
  code: 'protocol',
  detail: 'Vault holds the lease but its `target` is not known where it is enforced: is the name right?',
}

/**
 * The lease of a dynamic secret, by its id. Alive if the system that enforces it says so; dead when that system says so and
 * Vault does not say the contrary (sealed or down it says nothing). Without such a system only the issuer can speak.
 */
export const vaultLease = (parts: { call: MeteredCall; targets: LeaseTarget[]; steps: RecentSteps }): VaultKind => {
  const targetOf = ({ handle }: Credential) => parts.targets.find(target => handle.startsWith(target.leasePrefix))
  return {
    impossible: credential => {
      if (credential.handle.startsWith('auth/')) return "this is a token's lease: register the token by its accessor"
      if (targetOf(credential) && credential.target === undefined)
        return 'the grant names no `target`: its login cannot be looked up where it is enforced'
      return undefined
    },
    probe: async (credential, lane) => {
      const purpose = { operation: 'lease.lookup', group: 'probe', lane } as const
      const json = { lease_id: credential.handle }
      const request = { method: 'POST', path: 'sys/leases/lookup', json } as const
      const target = targetOf(credential)
      if (!target || credential.target === undefined)
        return provenProbe(parts.call, purpose, request, leaseProbe, parts.steps.take(credential.handle))
      const [issuer, enforced] = await Promise.all([
        parts.call(purpose, request).then(leaseProbe),
        target.probe(credential.target, lane),
      ])
      if (enforced.state === 'alive') return enforced
      if (enforced.state === 'unknown') return issuer.state === 'dead' ? enforced : issuer
      // A misspelt `target` is absent from the start: taken for a death it would be a proof of nothing.
      return issuer.state === 'alive' ? { state: 'unknown', problem: contradiction } : enforced
    },
    revoke: async ({ handle }, lane) => {
      // `sync`: the answer comes after the backend did it; older servers answer 202 without it.
      const reply = await parts.call(
        { operation: 'lease.revoke', group: 'revoke', lane },
        { method: 'POST', path: 'sys/leases/revoke', json: { lease_id: handle, sync: true } },
      )
      parts.steps.add(handle)
      return leaseStep(reply)
    },
  }
}
