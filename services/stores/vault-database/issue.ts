import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Issued, IssueRequest } from '../../pipeline/ports.ts'
import type { StaticRole } from './role-calls.ts'
import { contradicts, handleOf, parkedRole, refused } from './roles.ts'
import { type RotateParts, rotateRole } from './rotate-role.ts'

/**
 * A new password for the one of two roles that nobody uses. Which one that is must be certain: the role of the current version, and
 * the user whom consumers really log in as, and they agree. Otherwise nothing is touched.
 */
export const issuePassword =
  (config: VaultDatabaseStoreConfig, parts: RotateParts) =>
  async ({ current, lifeMs }: IssueRequest): Promise<Issued | { problem: Problem }> => {
    const roles = parkedRole(config, current)
    if ('problem' in roles) return roles
    const inUse = await parts.calls.look(roles.inUse)
    if ('problem' in inUse) return inUse
    const contradiction = contradicts(config.userField, current, inUse.username)
    if (contradiction) return { problem: contradiction }
    const { parked } = roles
    const done = await rotateRole(parts, parked, before =>
      before.username === inUse.username
        ? refused(`both roles are PostgreSQL user "${inUse.username}": nothing to alternate`).problem
        : unfit(config, before, parked, lifeMs),
    )
    if ('problem' in done) return done
    if ('skipped' in done) return refused('nothing was rotated')
    const made = await parts.calls.password(parked)
    if ('problem' in made) return made
    const { lastRotation, password: value, username } = made
    if (lastRotation !== done.rotated.lastRotation)
      return refused(`role "${parked}" was rotated by somebody else at the same time`)
    return { handle: handleOf(parked, lastRotation), value, fields: { [config.userField]: username } }
  }

/** What would let Vault take the password away from its consumers, or an attacker keep an open session. */
export const unfit = (
  { endsSessions }: Pick<VaultDatabaseStoreConfig, 'endsSessions'>,
  { periodMs, statements }: StaticRole,
  role: string,
  lifeMs: number,
): Problem | undefined => {
  if (periodMs < lifeMs)
    return refused(`Vault itself rotates role "${role}" every ${periodMs / 1_000} s: longer than lifeMs is needed`)
      .problem
  if (endsSessions && !statements.some(one => /pg_terminate_backend/i.test(one)))
    return refused(`endsSessions: the rotation statements of role "${role}" end no session`).problem
  return undefined
}
