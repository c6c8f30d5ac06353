import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import { alike, storeBudget } from '../budget.ts'
import { httpTransport } from '../http-transport.ts'
import { requireSafe } from '../safe-url.ts'
import type { StoreParts } from '../store-parts.ts'
import { authorizedCall } from './authorized-call.ts'
import { vaultClient } from './client.ts'
import { refuseUnsafeEnvironment } from './environment.ts'
import { meteredCall } from './metered-call.ts'
import { vaultSession } from './session.ts'

type VaultConfig = Pick<VaultStoreConfig, 'id' | 'address' | 'caFile' | 'namespace' | 'auth' | 'timeoutMs' | 'budget'>

/** One login at one Vault, its calls inside the store's budget. */
export const openVault = (
  config: VaultConfig,
  parts: Omit<StoreParts, 'sealing'>,
  more: { connections?: number; mostAnswerBytes?: number } = {},
) => {
  refuseUnsafeEnvironment(process.env)
  // The login's token travels there: in clear only inside this machine.
  const { origin } = requireSafe(config.address)
  const { timeoutMs } = config
  const { caFile, budget: limits } = config
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: limits.inFlight, ...more })
  const client = vaultClient({ address: origin, namespace: config.namespace }, transport)
  // A call takes two requests at most.
  const budget = storeBudget({
    redis: parts.redis,
    prefix: parts.redisPrefix,
    store: config.id,
    limits: alike(limits),
    leaseMs: 2 * timeoutMs + 1_000,
  })
  const metered = meteredCall({ store: config.id, budget, client, onCall: parts.onCall })
  const session = vaultSession({
    call: metered,
    ...config.auth,
    tell: event =>
      parts.log({ level: event.event === 'store_session_lost' ? 'error' : 'info', store: config.id, ...event }),
  })
  return {
    session,
    call: authorizedCall({ call: metered, session }),
    /** With the token that the request brings, and not our own. */
    raw: metered,
    close: async () => {
      await session.close()
      await transport.close()
    },
  }
}
