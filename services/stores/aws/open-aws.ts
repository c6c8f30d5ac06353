import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import { storeBudget } from '../budget.ts'
import type { StoreParts } from '../store-parts.ts'
import { type AwsCall, meteredCalls } from './metered.ts'
import { type AwsWire, awsWire } from './wire.ts'

/** A wire of its own, and every call over it inside the store's shared budgets. */
export const openAws = (
  config: AwsStoreConfig,
  { redis, redisPrefix: prefix, onCall }: Omit<StoreParts, 'sealing'>,
): { wire: AwsWire; call: AwsCall } => {
  const { id: store, timeoutMs, describeBudget: probe, budget: revoke, writeBudget: write } = config
  const limits = { groups: { probe, revoke, write, rotate: write } }
  const budget = storeBudget({ redis, prefix, store, limits, leaseMs: timeoutMs + 1_000 })
  return { wire: awsWire(config), call: meteredCalls({ store, budget, timeoutMs, onCall }) }
}
