import { setTimeout as sleep } from 'node:timers/promises'
import { play } from '../sample/play.ts'
import { scenarios } from '../sample/scenarios.ts'
import { board } from './board.ts'
import type { Sample } from './open-sample.ts'
import { openScreen } from './screen.ts'
import { formatLine, renderTable, standing, tally } from './table.ts'

// A gentle pace: well under the cap on inferred kills, and one line after the other can be read.
const paceMs = 4_000
const firstPaceMs = 1_000
const keptPlays = 24
const frameMs = 200

/** New sessions for ever, each credential in a row of its own, until `signal`. */
export const runLive = async (
  { world, receipts, boundMs, logFile }: Sample,
  signal: AbortSignal,
  terminal: { live: boolean; colour: boolean },
): Promise<void> => {
  const all = board(receipts, world.prober)
  const footer = `Ctrl-C ends everything   try: npx curfew status, npx curfew page   log: ${logFile}`
  const input = () => ({ endings: all.endings(), totals: all.totals, now: Date.now(), boundMs })
  const screen = terminal.live ? openScreen() : undefined
  const draw = () => {
    const settled = all.settle()
    if (screen) return screen.draw(renderTable({ ...input(), footer }, { ...screen.size(), colour: terminal.colour }))
    for (const one of settled) process.stdout.write(`${formatLine(one, Date.now())}\n`)
  }
  try {
    let nextAt = Date.now()
    for (let count = 0; !signal.aborted; ) {
      const scenario = scenarios[count % scenarios.length]
      if (Date.now() >= nextAt && scenario) {
        count += 1
        nextAt = Date.now() + (count < 4 ? firstPaceMs : paceMs)
        all.add(play(world, scenario, `run-${count}`, signal))
        all.trim(keptPlays)
      }
      draw()
      await sleep(frameMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    screen?.close()
    process.stdout.write(`${standing(input())}   ${tally(all.totals)}\n`)
  }
}
