import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { record } from '../reply.ts'
import type { StoreParts } from '../store-parts.ts'
import { problemOf } from './answers.ts'
import { openVault } from './open-vault.ts'

/** A login as the facts know it, by its lease. Its password is never kept: nobody uses it. */
export type CanaryLogin = { handle: string; target: string; expiresAt: number }
export type CanaryLogins = {
  create(): Promise<CanaryLogin | { problem: Problem }>
  close(): Promise<void>
}

/** Real logins of a database role that decides their life and rights. Inside the store's budget, after everything else. */
export const vaultCanaryLogins = (
  config: VaultStoreConfig,
  databaseRole: string,
  parts: Omit<StoreParts, 'sealing'>,
): CanaryLogins => {
  const { call, close } = openVault(config, parts, { connections: 1 })
  return {
    create: async () => {
      const reply = await call(
        { operation: 'canary.create', group: 'probe', lane: 'probe' },
        { method: 'GET', path: `database/creds/${databaseRole}` },
      )
      if ('problem' in reply || reply.status !== 200) return { problem: problemOf(reply) }
      const { lease_id: handle, lease_duration: lifeSeconds, data } = record(reply.body)
      const { username: target } = record(data)
      if (typeof handle !== 'string' || typeof target !== 'string' || typeof lifeSeconds !== 'number')
        return { problem: { code: 'protocol', detail: 'a login without a lease or without a name' } }
      return { handle, target, expiresAt: Date.now() + lifeSeconds * 1_000 }
    },
    close,
  }
}
