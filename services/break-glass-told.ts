import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { BreakGlassAct, JournalLine, Reconciled } from '../schemas/break-glass.ts'
import type { Fact } from '../schemas/facts.ts'
import { apiStateFile } from '../schemas/http.ts'
import { every } from './pipeline/every.ts'
import type { FactLog } from './pipeline/ports.ts'
import type { Parts, Started } from './roles.ts'
import { breakGlassJournal, type Journal, untold } from './runtime/break-glass-journal.ts'

/** Beside the API's own state: on this machine, of this user. */
export const journalHere = (home: string): Journal =>
  breakGlassJournal(join(dirname(apiStateFile(process.env, home)), 'break-glass.jsonl'))

/**
 * Tells the ledger what was done by hand. Byte for byte the same facts however often it runs or breaks off, so the ledger says each
 * act once; what a crash left undone dies by the force that it states.
 */
export const reconcileActs = async (journal: Journal, ledger: string, facts: FactLog): Promise<Reconciled> => {
  const lines = journal.read()
  const open = untold(lines, ledger)
  const acts = lines.filter(one => one.line === 'act' && one.ledger === ledger).length
  if (open.length > 0) {
    await facts.append(open.flatMap(({ act, seen }) => factsOf(act, seen)))
    const at = Date.now()
    journal.append(open.map(({ act }) => ({ line: 'told', act: act.act, at })))
  }
  return { told: open.length, before: acts - open.length, journal: journal.file }
}

const factsOf = ({ at, act, by, reason, credential: cid }: BreakGlassAct, seen: JournalLine[]): Fact[] => [
  ...seen.flatMap((one): Fact[] =>
    one.line === 'seen'
      ? [
          {
            v: 1,
            kind: 'seen',
            at: one.at,
            event: 'seen',
            by: 'curfew',
            cid,
            ...(one.witness === undefined ? {} : { witness: one.witness }),
          },
        ]
      : [],
  ),
  { v: 1, kind: 'forced', at, event: act, by, cid, reason, breakGlass: true },
]

const lookEveryMs = 5_000

/** A worker that finds a journal on its machine tells the ledger by itself, as soon as Kafka answers. */
export const reconcileHere = ({ config, ledger, log, counters }: Parts): Started => {
  const journal = journalHere(homedir())
  const topic = config.kafka.topics.facts
  const stop = every(
    lookEveryMs,
    async () => {
      const { told } = await reconcileActs(journal, topic, ledger.facts)
      if (told === 0) return
      counters.add('curfew_break_glass_total', {}, told)
      log({ msg: 'PAGE break-glass: acts by hand were told to the ledger', facts: told })
    },
    error => log({ msg: 'break-glass not told yet', error: error instanceof Error ? error.name : 'unknown' }),
  )
  return { close: async () => void (await stop()) }
}
