import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Store } from '../../pipeline/ports.ts'
import { storeBudget } from '../budget.ts'
import type { StoreParts } from '../store-parts.ts'
import { openVault } from '../vault/open-vault.ts'
import { issuePassword } from './issue.ts'
import { databaseLogin, loginBudget } from './login.ts'
import { singleRoleKeeper } from './native-role.ts'
import { endPassword, impossibleOf, probePassword, usernames } from './password.ts'
import { roleCalls } from './role-calls.ts'
import { partsOf, refused } from './roles.ts'
import type { RotateParts } from './rotate-role.ts'

const openSessions = 'sessions that are open already: a new password does not end them'

/** Passwords of static roles: Vault makes them, PostgreSQL honours them, and only a login there says which one. */
export const vaultDatabaseStore = (config: VaultDatabaseStoreConfig, parts: StoreParts): Store => {
  const { id } = config
  const vault = openVault(config, parts)
  const calls = roleCalls(vault.call, config.mount)
  const login = databaseLogin({
    store: id,
    postgres: config.postgres,
    budget: loginBudget(config, parts),
    onCall: parts.onCall,
  })
  const username = usernames(calls)
  const rotating: RotateParts = { calls, turn: role => turnBudget(config, parts, role) }
  const passwords = { ...rotating, config, open: parts.sealing.open, login, username }
  return {
    id,
    role: 'issuer',
    propagationMs: config.propagationMs,
    survives: () => (config.endsSessions ? [] : [openSessions]),
    impossible: credential => impossibleOf(config, credential),
    probe: (credential, lane) => probePassword(passwords, credential, lane),
    revoke: (credential, lane) => endPassword(passwords, credential, lane),
    use: async (value, lane, handle) => {
      const { role } = partsOf(handle ?? '')
      const user = role === '' ? refused('a password without its role cannot be used') : await username(role)
      return 'problem' in user ? { state: 'unknown', problem: user.problem } : login(user.username, value, lane)
    },
    issue: issuePassword(config, rotating),
    // Vault cannot name a rotation. What an unanswered one made is the parked role's password: nobody was told it, and the next
    // rotation of that role, which every further attempt begins with, ends it.
    named: () => Promise.resolve([]),
    keeper: singleRoleKeeper(config, { ...rotating, login: (user, password) => login(user, password, 'kill') }),
    close: vault.close,
  }
}

/** One at a time; a killed holder's turn comes back. */
const turnBudget = (
  { id, timeoutMs }: VaultDatabaseStoreConfig,
  { redis, redisPrefix: prefix }: StoreParts,
  role: string,
) =>
  storeBudget({
    redis,
    prefix,
    store: `${id}/role/${role}`,
    limits: { groups: { rotate: { callsPerSecond: 100, burst: 10, inFlight: 1 } } },
    leaseMs: 4 * timeoutMs,
    waitMs: 1_000,
  })
