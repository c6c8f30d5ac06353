import type { Credential, Lane, ProbeResult, StepResult, StoreUse } from '../../pipeline/ports.ts'
import { probeByUse } from '../probe-by-use.ts'
import { sealedValues } from '../sealed-values.ts'
import type { StoreParts } from '../store-parts.ts'
import { leaseProbe, leaseStep, tokenProbe, tokenStep } from '../vault/answers.ts'
import type { MeteredCall } from '../vault/metered-call.ts'
import { type HandleParts, partsOf } from './login-handle.ts'
import { revokeLease } from './reserve-login.ts'

export type EndParts = {
  store: string
  call: MeteredCall
  open: StoreParts['sealing']['open']
  login(username: string, password: string, lane: Lane): Promise<StoreUse>
  /** Whether PostgreSQL has this user. */
  inRoles(username: string, lane: Lane): Promise<ProbeResult>
}

const noHandle = 'its handle names no login of this store: `<login>@<accessor or lease id>` (issuer.firstHandle)'
export const impossibleOf = ({ handle }: Credential): string | undefined =>
  partsOf(handle) === undefined ? noHandle : undefined

/**
 * A login that somebody was told is dead when PostgreSQL refuses it. One that nobody was told, whose process was killed: when it is not in
 * pg_roles and Vault knows its token no more, so that it can never be made either.
 */
export const probeLogin = async (parts: EndParts, credential: Credential, lane: Lane): Promise<ProbeResult> => {
  const named = partsOf(credential.handle)
  if (!named) return { state: 'impossible', reason: noHandle }
  const { sealed = [], valueSealed } = credential
  if (sealed.length > 0 || valueSealed) {
    const values = sealedValues(parts.open, parts.store, credential)
    if ('problem' in values) return { state: 'unknown', problem: values.problem }
    return probeByUse(values, value => parts.login(named.login, value, lane))
  }
  const [user, issuer] = await Promise.all([parts.inRoles(named.login, lane), askIssuer(parts.call, named, lane)])
  if (user.state !== 'dead' || issuer.state === 'dead') return user
  // The token alone honours something, too: it can still make the login.
  return issuer.state === 'alive' ? { ...issuer, evidence: 'target' } : issuer
}

const askIssuer = async (call: MeteredCall, { accessor, lease }: HandleParts, lane: Lane): Promise<ProbeResult> => {
  const purpose = { operation: 'login.lookup', group: 'probe', lane } as const
  const post = { method: 'POST', proof: true } as const
  return accessor === undefined
    ? leaseProbe(await call(purpose, { ...post, path: 'sys/leases/lookup', json: { lease_id: lease } }))
    : tokenProbe(await call(purpose, { ...post, path: 'auth/token/lookup-accessor', json: { accessor } }))
}

/**
 * The lease first, with `sync`: its answer tells whether the database did it. Then its token, which takes the lease along where that is not
 * known, a little later, and can make no other login.
 */
export const endLogin = async (parts: EndParts, { handle, target }: Credential, lane: Lane): Promise<StepResult> => {
  const { accessor, lease = target } = partsOf(handle) ?? {}
  const purpose = { operation: 'login.revoke', group: 'revoke', lane } as const
  const leased = lease === undefined ? undefined : leaseStep(await parts.call(purpose, revokeLease(lease)))
  if (accessor === undefined) return leased ?? { state: 'impossible', reason: noHandle }
  const request = { method: 'POST', path: 'auth/token/revoke-accessor', json: { accessor } } as const
  const token = tokenStep(await parts.call(purpose, request))
  return leased && leased.state !== 'claimed' ? leased : token
}
