import { Counter, type Registry } from 'prom-client'

export type ReadCounter = { name: string; labels: Record<string, string>; value: number }

/** The counters that all processes share in Redis, as they stand. */
export const countersAsMetrics = (registry: Registry, read: ReadCounter[]): void => {
  for (const [name, series] of Map.groupBy(read, one => one.name)) {
    const labelNames = [...new Set(series.flatMap(one => Object.keys(one.labels)))]
    const counter = new Counter({ name, help: `${name}, over all processes`, labelNames, registers: [registry] })
    for (const { labels, value } of series) counter.inc(labels, value)
  }
}
