import type { Fact } from '../../schemas/facts.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import type { FactLog } from '../pipeline/ports.ts'
import type { LearnedEvent } from './audit-events.ts'
import { type Reading, readAuditRecord } from './audit-record.ts'
import { listenForLines, type SocketPlace } from './audit-socket.ts'
import type { GapCloser } from './close-gaps.ts'
import { confirmed, type LookUp } from './confirm.ts'
import type { Learned } from './learned.ts'
import type { LearnEvent } from './learner.ts'
import type { LearnRules } from './rules.ts'

export type SocketLearnerParts = {
  place: SocketPlace
  rules: LearnRules
  lookUp: LookUp
  facts: FactLog
  factsOf(event: LearnedEvent): Promise<Fact[]>
  gaps: GapCloser
  clock(): Promise<number>
  readUpTo(at: number): Promise<void>
  tell(event: LearnEvent): void
}

/** What waits for Kafka or for a lookup. More is a gap: it must not grow, and the device must not wait. */
export const mostWaiting = 20_000
const atOnce = 16

type State = { waiting: Learned[]; connections: number; gap: boolean }

/**
 * Learns from a socket that a Vault's audit device connects to. A socket keeps nothing: what was written while nobody listened, and what
 * was not durable yet when we ended, is gone. So each start and each connection is a gap, which the store's inventory closes.
 */
export const startSocketLearner = async (parts: SocketLearnerParts): Promise<{ close(): Promise<void> }> => {
  const state: State = { waiting: [], connections: 0, gap: true }
  parts.gaps.found()
  const lost = (reason: string) => {
    state.gap = true
    parts.gaps.found()
    parts.tell({ event: 'gap', reason })
  }
  const listener = await listenForLines(parts.place, {
    connected: () => {
      state.connections += 1
      // Before it the device may have written to nobody.
      state.gap = true
      parts.gaps.found()
    },
    lost: () => {
      state.connections -= 1
      lost('the audit device has closed its connection')
    },
    tooLong: () => lost('a line is too long'),
    line: line => onLine(parts, state, line, lost),
  })
  const stop = every(
    200,
    () => drain(parts, state),
    error => parts.tell({ event: 'stuck', error: error instanceof Error ? error.message : 'unknown' }),
  )
  return {
    close: async () => {
      await listener.close()
      await stop()
    },
  }
}

/** Only what it says of our credentials is kept, never the line. */
const onLine = (parts: SocketLearnerParts, state: State, line: Buffer, lost: (reason: string) => void): void => {
  const record = parsed(line)
  const { learned, troubles } = record === undefined ? nothing : readAuditRecord(parts.rules, record)
  for (const trouble of troubles) parts.tell({ event: 'trouble', trouble })
  if (record === undefined) lost('a line is not JSON')
  else if (state.waiting.length + learned.length > mostWaiting) lost('more came than could be made durable')
  else state.waiting.push(...learned)
}
const nothing: Reading = { learned: [], troubles: [] }

const parsed = (line: Buffer): unknown => {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

const drain = async (parts: SocketLearnerParts, state: State): Promise<void> => {
  const startedAt = await parts.clock()
  while (state.waiting.length > 0) {
    const batch = state.waiting.slice(0, atOnce)
    const stated = await Promise.all(batch.map(one => stateFacts(parts, one)))
    const facts = stated.flatMap(one => one.facts ?? [])
    if (facts.length > 0) await parts.facts.append(facts)
    if (facts.length > 0) parts.tell({ event: 'learned', facts: facts.length })
    // One that cannot be looked up now holds up no other; it is asked about again.
    const again = batch.filter((_, at) => stated[at]?.facts === undefined)
    state.waiting = [...state.waiting.slice(batch.length), ...again]
    const failure = stated.find(one => one.error !== undefined)
    if (failure) throw failure.error
  }
  if (state.gap && parts.gaps.closed()) {
    state.gap = false
    parts.tell({ event: 'gap_closed' })
  }
  if (state.connections > 0 && !state.gap) await parts.readUpTo(startedAt)
}

const stateFacts = async (
  { rules, lookUp, place, factsOf, tell }: SocketLearnerParts,
  learned: Learned,
): Promise<{ facts?: Fact[]; error?: unknown }> => {
  try {
    const event = await confirmed(rules, learned, { lookUp, onlyOurs: 'path' in place })
    return { facts: event ? await factsOf(event) : [] }
  } catch (error) {
    if (!(error instanceof RejectedEvent)) return { error }
    tell({ event: 'refused', code: error.code })
    return { facts: [] }
  }
}
