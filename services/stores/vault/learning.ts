import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { record } from '../reply.ts'
import type { StoreParts } from '../store-parts.ts'
import { type AskHash, auditHash } from './audit-hash.ts'
import { type Inventory, inventory } from './inventory.ts'
import { openVault } from './open-vault.ts'

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
  const { learn, auth } = config
  const { call, close } = openVault({ ...config, auth: learn?.auth ?? auth }, parts, {
    connections: 4,
    mostAnswerBytes,
  })
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
    close,
  }
}
