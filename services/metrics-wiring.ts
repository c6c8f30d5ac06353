import type { ApiParts } from './api/ports.ts'
import { readGroups } from './inputs.ts'
import { readConsumerLag } from './ledger/consumer-lag.ts'
import type { Parts } from './roles.ts'
import { readCounters, readHistograms } from './runtime/counters.ts'
import { type Metrics, metrics } from './runtime/metrics.ts'

/** What one scrape reads: the state, and what all processes counted. */
export const openMetrics = ({ config, redis }: Parts, read: ApiParts['read']): Metrics => {
  const { prefix } = config.redis
  const tenants = [...new Set(config.secrets.map(one => one.tenant))]
  return metrics({
    stores: config.stores.map(one => one.id),
    topics: Object.values(readGroups(config)).flat(),
    now: async () => {
      const [status, canaries, secrets, consumerLag] = await Promise.all([
        read.status(),
        read.canaries(),
        read.secrets(tenants),
        readConsumerLag(redis, prefix),
      ])
      return { status, canaries, secrets, consumerLag }
    },
    counters: () => readCounters(redis, prefix),
    histograms: () => readHistograms(redis, prefix),
  })
}
