import type { Play } from '../sample/play.ts'
import type { Prober } from '../sample/prober.ts'
import { type Ending, endingOf, isOver } from './ending-of.ts'
import type { ReceiptSource } from './receipts-from-api.ts'
import type { PlayedScenario } from './report.ts'
import type { Totals } from './table.ts'

export type Board = {
  add(play: Play): void
  played(): PlayedScenario[]
  endings(): Ending[]
  /** Counts what is newly over and returns it. */
  settle(): Ending[]
  totals: Totals
  /** Forgets the oldest plays that are over, so that a long run stays small; the totals remember them. */
  trim(keep: number): void
}

const lagsKept = 1_000

/** Every play, and how its credentials stand by the prober and by the receipts. */
export const board = (receipts: ReceiptSource, prober: Prober): Board => {
  const plays: Play[] = []
  const counted = new WeakSet<Ending['holding']>()
  const totals: Totals = { dead: 0, impossible: 0, wrong: 0, lagsMs: [] }
  const endingsOf = (play: Play) =>
    play.holdings.map(one => endingOf(one, receipts.of(one.store, one.credential.grant.handle)))
  const endings = () => plays.flatMap(endingsOf)

  const count = ({ state, lagMs }: Ending) => {
    if (state === 'impossible') totals.impossible += 1
    else if (state === 'dead') totals.dead += 1
    else totals.wrong += 1
    if (lagMs !== undefined) totals.lagsMs = [...totals.lagsMs, lagMs].slice(-lagsKept)
  }
  return {
    totals,
    add: play => plays.push(play),
    played: () => plays.map(play => ({ play, endings: endingsOf(play) })),
    endings,
    settle: () => {
      const fresh = endings().filter(one => isOver(one) && !counted.has(one.holding))
      for (const one of fresh) {
        counted.add(one.holding)
        count(one)
      }
      return fresh
    },
    trim: keep => {
      const old = plays.slice(0, Math.max(0, plays.length - keep)).filter(one => endingsOf(one).every(isOver))
      for (const one of old) {
        for (const holding of one.holdings) prober.release(holding.watched)
        plays.splice(plays.indexOf(one), 1)
      }
    },
  }
}
