import { socketPlace } from './learn/audit-socket.ts'
import { startSocketLearner } from './learn/socket-learner.ts'
import type { Learning } from './open-learning.ts'
import type { Parts, Started } from './roles.ts'

/** One socket, opened by one process: a second one ends with its reason. */
export const learnFromSocket = (
  { ledger, log }: Parts,
  { store, rules, tell, vault, factsOf, gaps, clock, readUpTo }: Learning,
): Promise<Started> => {
  const place = socketPlace(store.learn.auditSocket ?? '')
  log({ msg: 'the audit device may connect', store: store.id, place })
  return startSocketLearner({
    place,
    rules,
    lookUp: vault.inventory,
    facts: ledger.facts,
    factsOf,
    gaps,
    clock,
    readUpTo,
    tell,
  })
}
