import type { Credential } from '../../pipeline/ports.ts'
import { leaseProbe, leaseStep } from './answers.ts'
import type { VaultKind } from './kind.ts'
import type { MeteredCall } from './metered-call.ts'
import type { LeaseTarget } from './postgres-target.ts'
import { provenProbe } from './proven-probe.ts'
import type { RecentSteps } from './recent-steps.ts'

/**
 * The lease of a dynamic secret, by its id. Alive if Vault or the system that enforces it says so; dead when that system
 * says so, even while Vault is sealed or down. Without such a system in the config only the issuer can speak.
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
      const issuer = leaseProbe(await parts.call(purpose, request))
      if (issuer.state === 'alive') return issuer
      const enforced = await target.probe(credential.target, lane)
      // Neither could tell: the issuer's problem is the one that the step will meet too.
      return enforced.state === 'unknown' && issuer.state === 'unknown' ? issuer : enforced
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
