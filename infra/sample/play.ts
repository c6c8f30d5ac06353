import type { Scenario } from './scenarios.ts'
import { type Holding, openStage, type SampleWorld } from './stage.ts'

/** One scenario on stage: its credentials appear as they are issued. */
export type Play = { scenario: Scenario; session: string; holdings: Holding[]; error?: string; done: Promise<void> }

/** Never rejects: what went wrong is told in `error`. */
export const play = (world: SampleWorld, scenario: Scenario, session: string, signal: AbortSignal): Play => {
  const holdings: Holding[] = []
  const stage = openStage(world, session, scenario.expected, holding => holdings.push(holding), signal)
  const playing: Play = { scenario, session, holdings, done: Promise.resolve() }
  playing.done = scenario.play(stage).catch((error: unknown) => {
    playing.error = error instanceof Error ? error.message : String(error)
  })
  return playing
}
