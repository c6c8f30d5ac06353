import type { VaultDynamicStoreConfig } from '../../../schemas/store-vault-dynamic.ts'
import type { Store } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'
import { openVault } from '../vault/open-vault.ts'
import { postgresTarget } from '../vault/postgres-target.ts'
import { databaseLogin, loginBudget } from '../vault-database/login.ts'
import { endLogin, impossibleOf, probeLogin } from './end-login.ts'
import { partsOf } from './login-handle.ts'
import { reserveLogin } from './reserve-login.ts'

const openSessions = 'sessions that are open already: the end of a login does not end them'

/** Logins of one dynamic role: Vault makes and drops them, PostgreSQL honours them. */
export const vaultDynamicStore = (config: VaultDynamicStoreConfig, parts: StoreParts): Store => {
  const { id, postgres } = config
  const { call, raw, close } = openVault(config, parts)
  const budget = loginBudget(config, parts)
  const { onCall } = parts
  const login = databaseLogin({ store: id, postgres, budget, onCall })
  const { probe: inRoles } = postgresTarget({
    store: id,
    leasePrefix: '',
    probeUrlFile: postgres.probeUrlFile,
    timeoutMs: postgres.timeoutMs,
    budget,
    onCall,
  })
  const ending = { store: id, call, open: parts.sealing.open, login, inRoles }
  return {
    id,
    role: 'issuer',
    propagationMs: config.propagationMs,
    survives: () => (config.endsSessions ? [] : [openSessions]),
    impossible: impossibleOf,
    probe: (credential, lane) => probeLogin(ending, credential, lane),
    revoke: (credential, lane) => endLogin(ending, credential, lane),
    use: async (value, lane, handle) => {
      const named = partsOf(handle ?? '')
      if (named) return login(named.login, value, lane)
      return { state: 'unknown', problem: { code: 'protocol', detail: 'a password without its login cannot be used' } }
    },
    reserve: reserveLogin(config, { call, raw }),
    close,
  }
}
