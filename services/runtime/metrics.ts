import { Registry } from 'prom-client'
import type { Receipt } from '../../schemas/receipt.ts'
import type { CanaryStatus, StateStatus } from '../../schemas/status.ts'
import { countersAsMetrics, type ReadCounter } from './metrics-counters.ts'
import { stateGauges } from './metrics-gauges.ts'
import { outcomeMetrics } from './metrics-outcomes.ts'

export type MetricsParts = {
  status(): Promise<StateStatus>
  canary(): Promise<CanaryStatus>
  counters(): Promise<ReadCounter[]>
}
export type Metrics = {
  observe(receipt: Receipt): void
  render(): Promise<{ contentType: string; text: string }>
}

/**
 * Histograms are what the outcome facts say, read from the beginning: any process shows the whole. Gauges are read from
 * Redis at the scrape; while it is away they are absent, never the last value.
 */
export const metrics = (parts: MetricsParts): Metrics => {
  const outcomes = new Registry()
  const observe = outcomeMetrics(outcomes)
  return {
    observe,
    render: async () => {
      const now = new Registry()
      const set = stateGauges(now)
      try {
        set({ status: await parts.status(), canary: await parts.canary() })
        countersAsMetrics(now, await parts.counters())
      } catch {
        set(undefined)
      }
      return { contentType: outcomes.contentType, text: `${await outcomes.metrics()}\n${await now.metrics()}` }
    },
  }
}
