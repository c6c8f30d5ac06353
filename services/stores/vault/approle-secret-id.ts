import { secretIdProbe, secretIdStep } from './answers.ts'
import type { VaultKind } from './kind.ts'
import type { MeteredCall } from './metered-call.ts'
import { provenProbe } from './proven-probe.ts'
import type { RecentSteps } from './recent-steps.ts'

// Vault's own rule for role names: nothing that could leave its path segment.
const handleShape = /^(?<role>\w(?:[\w.-]*\w)?)\/(?<accessor>[\w-]+)$/

/** A secret id of an AppRole role, by `<role>/<accessor>`. Tokens that it logged in are credentials of their own. */
export const vaultAppRoleSecretId = (parts: { call: MeteredCall; mount: string; steps: RecentSteps }): VaultKind => {
  const request = (handle: string, action: 'lookup' | 'destroy') => {
    const { role = '', accessor = '' } = handleShape.exec(handle)?.groups ?? {}
    return {
      method: 'POST',
      path: `auth/${parts.mount}/role/${encodeURIComponent(role)}/secret-id-accessor/${action}`,
      json: { secret_id_accessor: accessor },
    } as const
  }
  const malformed = { code: 'protocol', detail: 'the handle is not <role>/<secret id accessor>' } as const
  return {
    impossible: ({ handle }) => (handleShape.test(handle) ? undefined : malformed.detail),
    probe: async ({ handle }, lane) => {
      if (!handleShape.test(handle)) return { state: 'unknown', problem: malformed }
      const purpose = { operation: 'secret-id.lookup', group: 'probe', lane } as const
      return provenProbe(parts.call, purpose, request(handle, 'lookup'), secretIdProbe, parts.steps.take(handle))
    },
    revoke: async ({ handle }, lane) => {
      if (!handleShape.test(handle)) return { state: 'failed', problem: malformed }
      const purpose = { operation: 'secret-id.destroy', group: 'revoke', lane } as const
      const reply = await parts.call(purpose, request(handle, 'destroy'))
      parts.steps.add(handle)
      return secretIdStep(reply)
    },
  }
}
