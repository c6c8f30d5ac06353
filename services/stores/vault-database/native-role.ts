import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Keeper, KeptVersion, NativeRotation } from '../../pipeline/keeper-port.ts'
import type { StoreUse } from '../../pipeline/ports.ts'
import { unfit } from './issue.ts'
import type { StaticPassword } from './role-calls.ts'
import { handleOf, refused } from './roles.ts'
import { type RotateParts, rotateRole } from './rotate-role.ts'

type NativeParts = RotateParts & { login(username: string, password: string): Promise<StoreUse> }

/**
 * One static role alone: consumers read it at `static-creds/<role>`, and its rotation replaces the password in place. There is no
 * version beside the current one, so that nothing can be staged, and nothing old is left to be read.
 */
export const singleRoleKeeper = (config: VaultDatabaseStoreConfig, parts: NativeParts): Keeper => {
  const onlyNative = () => Promise.resolve(refused('a static role has one password: nothing can be staged'))
  const role = (name: string): { problem: Problem } | undefined =>
    config.single.includes(name) ? undefined : refused(`"${name}" is not in this store's \`single\` roles`)
  const native: NativeRotation = {
    start: async ({ keeper: { name }, issuer }) =>
      role(name) ?? rotateRole(parts, name, before => unfit(config, before, name, issuer.lifeMs)),
    progress: async ({ keeper: { name } }, _rotation, known) => {
      const made = role(name) ?? (await parts.calls.password(name))
      if ('problem' in made) return made
      const version = kept(config, name, made)
      if (version.handle === known) return { state: 'idle' }
      // Two rotations at once leave Vault with a password that the database never got: once more mends it.
      const used = await parts.login(made.username, made.password)
      if (used.state === 'unknown') return { problem: used.problem }
      return used.state === 'refused' ? { state: 'idle' } : { state: 'done', version }
    },
  }
  return {
    read: async ({ keeper: { name } }) => {
      const made = role(name) ?? (await parts.calls.password(name))
      return 'problem' in made ? made : { current: kept(config, name, made) }
    },
    stage: onlyNative,
    promote: onlyNative,
    unstage: () => Promise.resolve({}),
    retire: () => Promise.resolve({ retired: [] }),
    native: () => native,
  }
}

const kept = (
  { userField }: VaultDatabaseStoreConfig,
  role: string,
  { username, lastRotation, password }: StaticPassword,
): KeptVersion => ({
  keeperVersion: lastRotation,
  value: password,
  handle: handleOf(role, lastRotation),
  fields: { [userField]: username },
})
