import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { alike, storeBudget } from '../budget.ts'
import { httpTransport } from '../http-transport.ts'
import { record } from '../reply.ts'
import type { StoreParts } from '../store-parts.ts'
import { type AskHash, auditHash } from './audit-hash.ts'
import { authorizedCall } from './authorized-call.ts'
import { vaultClient } from './client.ts'
import { type Inventory, inventory } from './inventory.ts'
import { meteredCall } from './metered-call.ts'
import { vaultSession } from './session.ts'

/** What learning asks of a Vault: its hash of a value, what it holds, and who we are. Nothing that ends anything. */
export type VaultLearning = {
  hash: AskHash
  inventory: Inventory
  /** The entity of our own login. */
  ownEntity(): Promise<string | { problem: Problem }>
  close(): Promise<void>
}

/** A list of a hundred thousand accessors. */
const mostAnswerBytes = 16 * 1024 * 1024

/** A login of its own, inside the store's budget. Logs in with the first question. */
export const vaultLearning = (config: VaultStoreConfig, parts: Omit<StoreParts, 'sealing'>): VaultLearning => {
  const { id: store, caFile, timeoutMs, namespace, learn } = config
  const { origin } = new URL(config.address)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 4, mostAnswerBytes })
  const budget = storeBudget({
    redis: parts.redis,
    prefix: parts.redisPrefix,
    store,
    limits: alike(config.budget),
    leaseMs: 2 * timeoutMs + 1_000,
  })
  const client = vaultClient({ address: origin, namespace }, transport)
  const metered = meteredCall({ store, budget, client, onCall: parts.onCall })
  const auth = learn?.auth ?? config.auth
  const session = vaultSession({ call: metered, ...auth, tell: event => parts.log({ store, ...event }) })
  const call = authorizedCall({ call: metered, session })
  return {
    hash: auditHash(call, learn?.device ?? 'file'),
    inventory: inventory(call),
    ownEntity: async () => {
      const purpose = { operation: 'lookup-self', group: 'probe', lane: 'probe' } as const
      const reply = await call(purpose, { method: 'GET', path: 'auth/token/lookup-self' })
      if ('problem' in reply) return reply
      const { entity_id: entity } = record(record(reply.body).data)
      return typeof entity === 'string' ? entity : ''
    },
    close: async () => {
      await session.close()
      await transport.close()
    },
  }
}
