import { learnedEvent, recordOfMessage } from './learn/audit-events.ts'
import { readAuditRecord } from './learn/audit-record.ts'
import { startLearner } from './learn/learner.ts'
import { learningStores } from './learn/rules.ts'
import { cloudTrailTopics } from './learn-cloudtrail.ts'
import { learnFromSocket } from './learn-socket.ts'
import { type LearnedTopic, learnFromTopics } from './learn-topics.ts'
import { type Learning, openLearning } from './open-learning.ts'
import type { Parts, Started } from './roles.ts'

/** Grants learned from the stores themselves: audit files and sockets on this machine, audit topics from a log shipper. */
export const learnRole = async (parts: Parts): Promise<Started> => {
  const learning = learningStores(parts.config).map(store => openLearning(parts, store))
  const started: Started[] = []
  for (const one of learning) if (one.store.learn.auditFile !== undefined) started.push(await learnFromFile(parts, one))
  for (const one of learning)
    if (one.store.learn.auditSocket !== undefined) started.push(await learnFromSocket(parts, one))
  const audited = learning.filter(one => one.store.learn.auditTopic !== undefined)
  // What a log shipper lost nobody sees: the store's own list, once at every start.
  for (const one of audited) one.gaps.found()
  const topics = [...audited.map(auditTopic), ...cloudTrailTopics(parts)]
  if (topics.length > 0) started.push(await learnFromTopics(parts, topics))
  return {
    close: async () => {
      for (const one of started) await one.close()
      for (const one of learning) await one.close()
    },
  }
}

/** One file, read by one process: a second one would only read it again. */
const learnFromFile = (
  parts: Parts,
  { store, rules, tell, vault, factsOf, gaps, clock, readUpTo }: Learning,
): Promise<Started> => {
  const { ledger } = parts
  return startLearner({
    auditFile: store.learn.auditFile ?? '',
    positionFile: store.learn.positionFile ?? '',
    rules,
    facts: ledger.facts,
    factsOf,
    gaps,
    clock,
    readUpTo,
    salt: async () => {
      const entity = rules.self.entity ?? (await vault.ownEntity())
      if (typeof entity === 'string') rules.self.entity = entity
      const answer = await vault.hash('curfew: is the salt still the same?')
      return 'hex' in answer ? answer.hex : undefined
    },
    crashPoint: parts.crashPoint,
    tell,
  })
}

const auditTopic = (one: Learning): LearnedTopic => ({
  topic: one.store.learn.auditTopic ?? '',
  principal: one.principal,
  onRejected: one.gaps.found,
  factsOf: async (body, receivedAt) => {
    const { learned, troubles } = readAuditRecord(one.rules, recordOfMessage(body))
    for (const trouble of troubles) one.tell({ event: 'trouble', trouble })
    const facts = await Promise.all(learned.map(each => one.factsOf(learnedEvent(one.rules, each, receivedAt))))
    return facts.flat()
  },
})
