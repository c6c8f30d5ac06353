import type { Receipt } from '../../schemas/receipt.ts'
import type { Holding } from '../sample/stage.ts'

/**
 * Where one credential stands. The prober's word decides whether it still opens its door; the receipt tells the cause, and
 * is contradicted (`lie`) by a call that began after its `deadSince` and was accepted.
 */
export type State = 'issued' | 'open' | 'refused' | 'dead' | 'impossible' | 'unexpected' | 'lie'
export type Ending = { holding: Holding; receipt: Receipt | undefined; state: State; lagMs?: number }

export const endingOf = (holding: Holding, receipt: Receipt | undefined): Ending => {
  const lagMs = receipt?.deadSince === undefined ? {} : { lagMs: receipt.deadSince - receipt.dueAt }
  return { holding, receipt, state: stateOf(holding, receipt), ...lagMs }
}

const stateOf = ({ watched, expected }: Holding, receipt: Receipt | undefined): State => {
  const refused = watched.refusedFirst !== undefined
  if (receipt?.deadSince !== undefined && (watched.acceptedLastBegunAt ?? 0) > receipt.deadSince) return 'lie'
  // Somebody tried `curfew revoke` on it: that is what it is for.
  const asExpected = receipt?.outcome === expected.outcome && receipt.cause === expected.cause
  if (receipt && !asExpected && receipt.cause !== 'forced') return 'unexpected'
  if (receipt?.outcome === 'impossible') return 'impossible'
  if (receipt && refused) return 'dead'
  if (refused) return 'refused'
  return watched.acceptedFirst === undefined ? 'issued' : 'open'
}

/** Over: nothing more is to come of it. The second refusal says that it stays refused. */
export const isOver = ({ state, holding }: Ending): boolean => {
  if (state === 'impossible' || state === 'unexpected' || state === 'lie') return true
  const { refusedFirst = 0, refusedLast = 0 } = holding.watched
  return state === 'dead' && refusedLast > refusedFirst
}

export const isAlivePastDue = ({ holding, state }: Ending, now: number): boolean =>
  state !== 'impossible' && holding.watched.refusedFirst === undefined && (holding.dueAt ?? now) < now
