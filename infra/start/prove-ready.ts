import { play } from '../sample/play.ts'
import type { Scenario } from '../sample/scenarios.ts'
import type { SampleWorld } from '../sample/stage.ts'
import { waitUntil } from '../stack/wait-until.ts'
import type { Interruption } from './interruption.ts'
import { say } from './say.ts'

const deadlineMs = 60_000
const warmUp: Scenario = {
  name: 'warm-up',
  story: 'a first token goes the whole way',
  expected: { outcome: 'verified', cause: 'session_ended' },
  play: async stage => {
    const held = await stage.issue('token')
    await stage.start()
    await stage.grant(held)
    await stage.end()
  },
}

/** The pipeline works when a credential died by it: no process list and no ping says that. Not part of the report. */
export const proveReady = async (world: SampleWorld, interruption: Interruption): Promise<void> => {
  const startedAt = Date.now()
  const warming = play(world, warmUp, 'warm-up', interruption.signal)
  await interruption.during(warming.done)
  if (warming.error !== undefined) throw new Error(`the sample world could not start: ${warming.error}`)
  const isRefused = async () => {
    if (warming.holdings.some(one => one.watched.refusedFirst === undefined)) throw new Error('still accepted')
  }
  const refused = waitUntil('the first token to be refused', deadlineMs, isRefused, 50, interruption.signal)
  await interruption.during(refused)
  for (const one of warming.holdings) world.prober.release(one.watched)
  say(`pipeline: ready, the first token died after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`)
}
