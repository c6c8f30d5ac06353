import type { Fact } from '../../schemas/facts.ts'
import type { Counters, Histograms } from './counters.ts'

type Parts = { counters: Pick<Counters, 'add'>; histograms: Pick<Histograms, 'observe'> }

/** How long ago it had happened when it was received, by the sender's own clock: that much is lost before Curfew can act. */
export const observeReceived =
  ({ histograms }: Pick<Parts, 'histograms'>) =>
  (occurredAt: number | undefined, receivedAt: number): void => {
    if (occurredAt === undefined) return
    histograms.observe('curfew_stage_seconds', { stage: 'occurred-received' }, (receivedAt - occurredAt) / 1_000)
  }

/** What ends something by itself, at the moment of its receipt. */
const ends: Fact['kind'][] = ['session.ended', 'task.ended', 'leaked', 'forced']

/** The due index knows of it from here on. A rebuild reads history: that is no delay of today. */
export const observeFolded =
  ({ counters, histograms }: Parts, now: () => number = Date.now) =>
  (partition: number, facts: Fact[], rebuilding: boolean): void => {
    counters.add('curfew_facts_folded_total', { partition: String(partition) }, facts.length)
    if (rebuilding) return
    for (const { kind, at } of facts)
      if (ends.includes(kind))
        histograms.observe('curfew_stage_seconds', { stage: 'received-due' }, (now() - at) / 1_000)
  }
