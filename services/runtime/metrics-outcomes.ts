import { cause } from '../../schemas/grant.ts'
import { outcomeKind, type Receipt } from '../../schemas/receipt.ts'
import { cellsOf, histogramFamilies, zeroCell } from './buckets.ts'
import type { Family, Labels } from './exposition.ts'
import { counterFamilies } from './metrics-counters.ts'

export type OutcomeMetrics = { observe(receipt: Receipt): void; families(): Family[] }

/** One observation per receipt. Labels are bounded: store, cause, outcome, stage. */
export const outcomeMetrics = (stores: string[]): OutcomeMetrics => {
  const cells = new Map<string, number>()
  const outcomes = new Map<string, number>()
  const observe = (name: string, labels: Labels, fromMs: number, toMs: number) => {
    for (const [field, by] of cellsOf(name, labels, (toMs - fromMs) / 1_000)) add(cells, field, by)
  }
  for (const store of stores)
    for (const why of cause.options) {
      add(cells, ...zeroCell('curfew_lag_seconds', { store, cause: why }))
      for (const outcome of outcomeKind.options) add(outcomes, JSON.stringify({ store, cause: why, outcome }), 0)
    }
  return {
    observe: ({ store, cause: why, outcome, dueAt, steppedAt, deadSince, settledAt }) => {
      add(outcomes, JSON.stringify({ store, cause: why, outcome }), 1)
      if (deadSince === undefined) return
      observe('curfew_lag_seconds', { store, cause: why }, dueAt, deadSince)
      observe('curfew_proof_delay_seconds', { store }, deadSince, settledAt)
      observe('curfew_stage_seconds', { store, stage: 'dead-verified' }, deadSince, settledAt)
      if (steppedAt === undefined) return
      observe('curfew_stage_seconds', { store, stage: 'due-step' }, dueAt, steppedAt)
      observe('curfew_stage_seconds', { store, stage: 'step-dead' }, steppedAt, deadSince)
    },
    families: () => [
      ...histogramFamilies(cells),
      ...counterFamilies(
        [...outcomes].map(([labels, value]) => ({
          name: 'curfew_outcomes_total',
          labels: JSON.parse(labels) as Labels,
          value,
        })),
      ),
    ],
  }
}

const add = (counts: Map<string, number>, field: string, by: number) => counts.set(field, (counts.get(field) ?? 0) + by)
