import type { VaultStoreConfig } from '../../../schemas/store-vault.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { alike, storeBudget } from '../budget.ts'
import { httpTransport } from '../http-transport.ts'
import { record } from '../reply.ts'
import type { StoreParts } from '../store-parts.ts'
import { problemOf } from './answers.ts'
import { authorizedCall } from './authorized-call.ts'
import { vaultClient } from './client.ts'
import { meteredCall } from './metered-call.ts'
import { vaultSession } from './session.ts'

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
  const { id: store, caFile, timeoutMs, namespace } = config
  const { origin } = new URL(config.address)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 1 })
  const budget = storeBudget({
    redis: parts.redis,
    prefix: parts.redisPrefix,
    store,
    limits: alike(config.budget),
    leaseMs: 2 * timeoutMs + 1_000,
  })
  const client = vaultClient({ address: origin, namespace }, transport)
  const metered = meteredCall({ store, budget, client, onCall: parts.onCall })
  const session = vaultSession({ call: metered, ...config.auth, tell: event => parts.log({ store, ...event }) })
  const call = authorizedCall({ call: metered, session })
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
    close: async () => {
      await session.close()
      await transport.close()
    },
  }
}
