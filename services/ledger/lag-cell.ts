import type { LagQuantiles, LagStages } from '../../schemas/http-lag.ts'
import type { OutcomeKind, Receipt } from '../../schemas/receipt.ts'
import { addAll, addValue, emptyHistogram, type Histogram, quantileOf } from './log-histogram.ts'

type Mean = { sumMs: number; count: number }
/** What is remembered of the deaths of one slot, store and cause. Cells can be added up. */
export type LagCell = {
  outcomes: Record<OutcomeKind, number>
  lags: Histogram
  maxMs: number
  stages: Record<keyof LagStages, Mean>
}

const noMean = (): Mean => ({ sumMs: 0, count: 0 })
export const emptyCell = (): LagCell => ({
  outcomes: { verified: 0, impossible: 0, unproven: 0, gone_before_seen: 0 },
  lags: emptyHistogram(),
  maxMs: 0,
  stages: { dueStep: noMean(), stepDead: noMean(), deadVerified: noMean() },
})

const addMean = (into: Mean, ms: number) => {
  into.sumMs += Math.max(0, ms)
  into.count += 1
}

export const addOutcome = (cell: LagCell, { outcome }: Receipt): void => {
  cell.outcomes[outcome] += 1
}

/** Clocks of two machines may disagree by a little: no time is less than nothing. */
export const addLag = (cell: LagCell, { dueAt, steppedAt, deadSince, settledAt, outcome }: Receipt): void => {
  if (deadSince === undefined) return
  const lagMs = Math.max(0, deadSince - dueAt)
  addValue(cell.lags, lagMs)
  cell.maxMs = Math.max(cell.maxMs, lagMs)
  if (steppedAt !== undefined) {
    addMean(cell.stages.dueStep, steppedAt - dueAt)
    addMean(cell.stages.stepDead, deadSince - steppedAt)
  }
  if (outcome === 'verified') addMean(cell.stages.deadVerified, settledAt - deadSince)
}

export const sumOfCells = (cells: readonly LagCell[]): LagCell => {
  const sum = emptyCell()
  for (const cell of cells) {
    for (const key of Object.keys(sum.outcomes) as OutcomeKind[]) sum.outcomes[key] += cell.outcomes[key]
    addAll(sum.lags, cell.lags)
    sum.maxMs = Math.max(sum.maxMs, cell.maxMs)
    for (const key of Object.keys(sum.stages) as (keyof LagStages)[]) {
      sum.stages[key].sumMs += cell.stages[key].sumMs
      sum.stages[key].count += cell.stages[key].count
    }
  }
  return sum
}

export const quantilesOf = ({ lags, maxMs }: LagCell): LagQuantiles | undefined => {
  const at = (share: number) => quantileOf(lags, share)
  const [p50, p99] = [at(0.5), at(0.99)]
  if (p50 === undefined || p99 === undefined) return undefined
  const rounded = (ms: number) => Math.min(maxMs, Math.round(ms))
  return { p50: rounded(p50), p99: rounded(p99), max: maxMs }
}

export const stagesOf = ({ stages }: LagCell): LagStages | undefined => {
  const mean = ({ sumMs, count }: Mean) => (count === 0 ? 0 : Math.round(sumMs / count))
  if (stages.dueStep.count + stages.deadVerified.count === 0) return undefined
  return {
    dueStep: mean(stages.dueStep),
    stepDead: mean(stages.stepDead),
    deadVerified: mean(stages.deadVerified),
  }
}
