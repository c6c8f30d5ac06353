import type { ReadCounter } from './counters.ts'
import type { Family, Labels } from './exposition.ts'
import { helpOf } from './metric-help.ts'

/** The counters that all processes share in Redis, as they stand. */
export const counterFamilies = (read: ReadCounter[]): Family[] =>
  [...Map.groupBy(read, one => one.name)].map(([name, samples]) => ({
    name,
    type: 'counter',
    help: helpOf(name),
    samples,
  }))

/** A series that is born with 1 hides its first event from `increase`: what pages or opens a ticket begins at zero. */
export const fromZero = (read: ReadCounter[], known: { topics: string[]; stores: string[] }): ReadCounter[] => {
  const zero: ReadCounter[] = [
    ...known.topics.map(topic => ({
      name: 'curfew_dead_letters_total',
      labels: { topic, reason: 'internal' },
      value: 0,
    })),
    ...known.stores.map(store => ({ name: 'curfew_relapsed_total', labels: { store }, value: 0 })),
    { name: 'curfew_overkill_total', labels: {}, value: 0 },
  ]
  const has = new Set(read.map(one => keyOf(one.name, one.labels)))
  return [...read, ...zero.filter(one => !has.has(keyOf(one.name, one.labels)))]
}

const keyOf = (name: string, labels: Labels) => JSON.stringify([name, Object.entries(labels).sort()])
