import { tokenProbe, tokenStep } from './answers.ts'
import type { VaultKind } from './kind.ts'
import type { MeteredCall } from './metered-call.ts'
import { provenProbe } from './proven-probe.ts'
import type { RecentSteps } from './recent-steps.ts'

/** A service token, by its accessor. Its child tokens and leases die with it, the leases a little later. */
export const vaultToken = (parts: {
  call: MeteredCall
  ownAccessor(): string | undefined
  steps: RecentSteps
}): VaultKind => ({
  impossible: ({ handle }) => (/^[\w.-]+$/.test(handle) ? undefined : 'the handle is not a token accessor'),
  probe: ({ handle }, lane) =>
    provenProbe(
      parts.call,
      { operation: 'token.lookup', group: 'probe', lane },
      { method: 'POST', path: 'auth/token/lookup-accessor', json: { accessor: handle } },
      tokenProbe,
      parts.steps.take(handle),
    ),
  revoke: async ({ handle }, lane) => {
    if (handle === parts.ownAccessor())
      return {
        state: 'failed',
        problem: { code: 'permission', detail: "this is the pipeline's own login: not touched" },
      }
    // Never revoke-orphan: it leaves the children alive.
    const reply = await parts.call(
      { operation: 'token.revoke', group: 'revoke', lane },
      { method: 'POST', path: 'auth/token/revoke-accessor', json: { accessor: handle } },
    )
    parts.steps.add(handle)
    return tokenStep(reply)
  },
})
