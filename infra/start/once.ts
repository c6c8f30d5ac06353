import { setTimeout as sleep } from 'node:timers/promises'
import { play } from '../sample/play.ts'
import { scenarios } from '../sample/scenarios.ts'
import { board } from './board.ts'
import { isOver } from './ending-of.ts'
import type { Interruption } from './interruption.ts'
import type { Sample } from './open-sample.ts'
import { type Report, reportOf } from './report.ts'
import { formatLine } from './table.ts'

// The longest scenario takes some 8 s; the rest is what a busy machine may add to the bound of 30 s.
const deadlineMs = 90_000
const apartMs = 500

/** Plays every scenario once and waits until all is over, or until the deadline: then the report says what is not. */
export const runOnce = async (
  { world, receipts }: Sample,
  interruption: Interruption,
  write: (line: string) => void,
): Promise<Report> => {
  const { signal } = interruption
  const all = board(receipts, world.prober)
  const stopped = new AbortController()
  const either = AbortSignal.any([signal, stopped.signal])
  const playAll = async () => {
    for (const [index, scenario] of scenarios.entries()) {
      all.add(play(world, scenario, `run-${index + 1}`, either))
      await sleep(apartMs, undefined, { signal: either })
    }
    await Promise.all(all.played().map(one => one.play.done))
  }
  const playing = playAll()
  playing.catch(() => undefined)
  let played = false
  void playing.then(
    () => {
      played = true
    },
    () => undefined,
  )
  const deadline = Date.now() + deadlineMs
  while (Date.now() < deadline && !(played && all.endings().every(isOver))) {
    for (const one of all.settle()) write(formatLine(one, Date.now()))
    await interruption.during(sleep(50))
  }
  for (const one of all.settle()) write(formatLine(one, Date.now()))
  stopped.abort()
  return reportOf(all.played())
}
