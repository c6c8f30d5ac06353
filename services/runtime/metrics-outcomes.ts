import { Counter, Histogram, type Registry } from 'prom-client'
import type { Receipt } from '../../schemas/receipt.ts'

/** 5 ms to 1 h. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]

/** One observation per receipt. Labels are bounded: store, cause, outcome, stage. */
export const outcomeMetrics = (registry: Registry): ((receipt: Receipt) => void) => {
  const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Histogram({ name, help, labelNames, buckets, registers: [registry] })
  const lag = histogram('curfew_lag_seconds', 'Due until the first refusal after the last acceptance', [
    'store',
    'cause',
  ])
  const proof = histogram('curfew_proof_delay_seconds', 'First refusal until verified', ['store'])
  const stage = histogram('curfew_stage_seconds', 'Where the time between due and verified goes', ['store', 'stage'])
  const outcomes = new Counter({
    name: 'curfew_outcomes_total',
    help: 'Receipts by outcome',
    labelNames: ['store', 'cause', 'outcome'],
    registers: [registry],
  })
  return ({ store, cause, outcome, dueAt, steppedAt, deadSince, settledAt }) => {
    const seconds = (from: number, to: number) => Math.max(0, to - from) / 1_000
    outcomes.inc({ store, cause, outcome })
    if (deadSince === undefined) return
    lag.observe({ store, cause }, seconds(dueAt, deadSince))
    proof.observe({ store }, seconds(deadSince, settledAt))
    stage.observe({ store, stage: 'dead-verified' }, seconds(deadSince, settledAt))
    if (steppedAt === undefined) return
    stage.observe({ store, stage: 'due-step' }, seconds(dueAt, steppedAt))
    stage.observe({ store, stage: 'step-dead' }, seconds(steppedAt, deadSince))
  }
}
