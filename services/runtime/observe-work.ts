import type { WorkEvent } from '../pipeline/ports.ts'
import type { Counters } from './counters.ts'
import type { Log } from './log.ts'

/** The work's events as log lines and counters: ids, codes and times only. */
export const observeWork =
  (log: Log, counters: Counters) =>
  (happened: WorkEvent): void => {
    switch (happened.event) {
      case 'settled': {
        const { receipt, credential: cid, store, outcome, cause, dueAt, deadSince, attempts } = happened.receipt
        const page =
          outcome === 'unproven' ? 'PAGE unproven: the issuer named a handle that was never alive' : 'settled'
        const lag = deadSince === undefined ? {} : { lagMs: deadSince - dueAt }
        log({ msg: page, receipt, cid, store, outcome, cause, attempts, ...lag })
        return
      }
      case 'problem': {
        const { store, cid, step, problem } = happened
        counters.add('curfew_store_problems_total', { store, step, code: problem.code })
        log({ msg: 'problem', store, cid, step, code: problem.code, detail: problem.detail })
        return
      }
      case 'held':
        log({ msg: 'PAGE held: inferred kills are over the cap', ...happened })
        return
      case 'window_too_small':
        log({ msg: 'PAGE accepted again after the propagation window: the window is too small', ...happened })
        return
      case 'relapsed':
        counters.add('curfew_relapsed_total', { store: happened.store })
        log({ msg: 'PAGE relapsed: a dead credential was seen alive, killing it again', ...happened })
        return
      case 'facts_unavailable':
        log({ msg: 'the facts topic does not acknowledge: going on without it', cid: happened.cid })
        return
    }
  }
