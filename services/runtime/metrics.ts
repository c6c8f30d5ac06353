import type { Receipt } from '../../schemas/receipt.ts'
import { histogramFamilies } from './buckets.ts'
import type { ReadCounter } from './counters.ts'
import { contentType, exposition, type Family } from './exposition.ts'
import { helpOf } from './metric-help.ts'
import { counterFamilies, fromZero } from './metrics-counters.ts'
import { type Now, stateGauges } from './metrics-gauges.ts'
import { outcomeMetrics } from './metrics-outcomes.ts'

export type MetricsParts = {
  stores: string[]
  topics: string[]
  now(): Promise<Now>
  counters(): Promise<ReadCounter[]>
  histograms(): Promise<[field: string, count: number][]>
}
export type Metrics = {
  observe(receipt: Receipt): void
  /** The outcome facts were read from the beginning to where they ended at the start. */
  markRead(): void
  render(): Promise<{ contentType: string; text: string }>
}

/**
 * Outcomes are what the outcome facts say, read from the beginning: any process shows the whole. While they are read they are
 * not shown: half of a history would be a counter reset, and the rest of it a burst of deaths that never was. Gauges and what
 * the processes count are read from Redis at the scrape; while it is away they are absent, never the last value.
 */
export const metrics = (parts: MetricsParts): Metrics => {
  const outcomes = outcomeMetrics(parts.stores)
  let read = false
  const state = async (): Promise<Family[]> => {
    try {
      const [now, counted, cells] = await Promise.all([parts.now(), parts.counters(), parts.histograms()])
      return [...stateGauges(now), ...counterFamilies(fromZero(counted, parts)), ...histogramFamilies(cells)]
    } catch {
      return stateGauges(undefined)
    }
  }
  return {
    observe: outcomes.observe,
    markRead: () => {
      read = true
    },
    render: async () => {
      const history: Family = {
        name: 'curfew_outcomes_read',
        type: 'gauge',
        help: helpOf('curfew_outcomes_read'),
        samples: [{ labels: {}, value: read ? 1 : 0 }],
      }
      const families = [history, ...(read ? outcomes.families() : []), ...(await state())]
      return { contentType, text: exposition(families) }
    },
  }
}
