import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Credential, Lane, ProbeResult, StepResult, StoreUse } from '../../pipeline/ports.ts'
import { probeByUse } from '../probe-by-use.ts'
import { sealedValues } from '../sealed-values.ts'
import type { StoreParts } from '../store-parts.ts'
import type { RoleCalls } from './role-calls.ts'
import { isRole, partsOf, refused } from './roles.ts'
import { type RotateParts, rotateRole } from './rotate-role.ts'

export type PasswordParts = RotateParts & {
  config: VaultDatabaseStoreConfig
  open: StoreParts['sealing']['open']
  login(username: string, password: string, lane: Lane): Promise<StoreUse>
  username(role: string): Promise<{ username: string } | { problem: Problem }>
}

/** Vault never changes the user of a static role: asked for once. */
export const usernames = (calls: RoleCalls): PasswordParts['username'] => {
  const known = new Map<string, string>()
  return async (role: string) => {
    const before = known.get(role)
    if (before !== undefined) return { username: before }
    const told = await calls.look(role)
    if ('problem' in told) return told
    known.set(role, told.username)
    return { username: told.username }
  }
}

export const impossibleOf = (
  config: VaultDatabaseStoreConfig,
  { handle, sealed = [], valueSealed }: Credential,
): string | undefined => {
  if (!isRole(config, partsOf(handle).role))
    return 'its handle names no static role of this store: `<role>@<last rotation>` (issuer.firstHandle)'
  return sealed.length === 0 && !valueSealed ? 'only a login tells: no sealed `value` of it is known' : undefined
}

/** Whether PostgreSQL lets in who has this password: nothing that Vault says of it counts. */
export const probePassword = async (parts: PasswordParts, credential: Credential, lane: Lane): Promise<ProbeResult> => {
  const values = sealedValues(parts.open, parts.config.id, credential)
  if ('problem' in values) return { state: 'unknown', problem: values.problem }
  const user = await parts.username(partsOf(credential.handle).role)
  if ('problem' in user) return { state: 'unknown', problem: user.problem }
  return probeByUse(values, value => parts.login(user.username, value, lane))
}

/**
 * The password ends with the next rotation of its role, whose new password nobody is told. Rotated only while this password is the
 * role's: after that it would be the one in use that dies. Vault's mark says so, or else PostgreSQL, where Vault was set back.
 */
export const endPassword = async (parts: PasswordParts, credential: Credential, lane: Lane): Promise<StepResult> => {
  const { role, rotation } = partsOf(credential.handle)
  if (!isRole(parts.config, role)) return failed(refused(`"${role}" is no static role of this store`))
  const user = await parts.username(role)
  if ('problem' in user) return failed(user)
  const first = await parts.calls.look(role, true)
  if ('problem' in first) return failed(first)
  if (first.lastRotation !== rotation) {
    const now = await probePassword(parts, credential, lane)
    if (now.state === 'dead') return { state: 'claimed' }
    if (now.state === 'unknown') return failed(now)
  }
  const done = await rotateRole(parts, role, before =>
    before.lastRotation === first.lastRotation ? undefined : 'skip',
  )
  if ('problem' in done) return failed(done)
  // Who reconnects in a loop gets in between the end of the sessions and the new password's commit: the second time nobody can.
  if (parts.config.endsSessions && 'rotated' in done) {
    const { lastRotation } = done.rotated
    const again = await rotateRole(parts, role, before => (before.lastRotation === lastRotation ? undefined : 'skip'))
    if ('problem' in again) return failed(again)
  }
  return { state: 'claimed' }
}

const failed = ({ problem }: { problem: Problem }): StepResult => ({ state: 'failed', problem })
