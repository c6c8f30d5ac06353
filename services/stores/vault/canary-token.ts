import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { record } from '../reply.ts'
import type { StoreParts } from '../store-parts.ts'
import { problemOf } from './answers.ts'
import { openVault } from './open-vault.ts'

/** A canary as the facts know it. Its value is never kept: nobody uses it. */
export type CanaryToken = { handle: string; expiresAt: number }
export type CanaryTokens = {
  create(session: string): Promise<CanaryToken | { problem: Problem }>
  close(): Promise<void>
}

/** Real tokens through a token role that decides their life and policies. Inside the store's budget, after everything else. */
export const vaultCanaryTokens = (
  config: VaultStoreConfig,
  tokenRole: string,
  parts: Omit<StoreParts, 'sealing'>,
): CanaryTokens => {
  const { call, close } = openVault(config, parts, { connections: 1 })
  return {
    create: async sessionName => {
      const reply = await call(
        { operation: 'canary.create', group: 'probe', lane: 'probe' },
        { method: 'POST', path: `auth/token/create/${tokenRole}`, json: { meta: { session: sessionName } } },
      )
      if ('problem' in reply || reply.status !== 200) return { problem: problemOf(reply) }
      const { accessor, lease_duration: lifeSeconds } = record(record(reply.body).auth)
      if (typeof accessor !== 'string' || typeof lifeSeconds !== 'number' || lifeSeconds <= 0)
        return { problem: { code: 'protocol', detail: 'a token without an accessor or without an end' } }
      return { handle: accessor, expiresAt: Date.now() + lifeSeconds * 1_000 }
    },
    close,
  }
}
