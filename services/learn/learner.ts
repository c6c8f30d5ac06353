import type { Fact } from '../../schemas/facts.ts'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { type LearnedEvent, learnedEvent } from './audit-events.ts'
import { readAuditRecord, type Trouble } from './audit-record.ts'
import type { GapCloser } from './close-gaps.ts'
import { loadPosition, type Position, savePosition } from './place.ts'
import type { LearnRules } from './rules.ts'
import { type Tail, tail } from './tail.ts'

/** What is told of the reading: ids, codes and counts, never a record. */
export type LearnEvent =
  | { event: 'learned'; facts: number }
  | { event: 'gap'; reason: string }
  | { event: 'gap_closed' }
  | { event: 'refused'; code: string }
  | { event: 'trouble'; trouble: Trouble | 'salt_changed' | 'no_hash' }
  | { event: 'missing' }
  | { event: 'stuck'; error: string }

export type LearnerParts = {
  auditFile: string
  positionFile: string
  rules: LearnRules
  facts: FactLog
  factsOf(event: LearnedEvent): Promise<Fact[]>
  gaps: GapCloser
  /** The shared clock, and the mark that everything written before that moment was read and is durable. */
  clock(): Promise<number>
  readUpTo(at: number): Promise<void>
  /** The device's HMAC of a constant. Undefined: cannot be had now. */
  salt(): Promise<string | undefined>
  crashPoint: PassCrashPoint
  tell(event: LearnEvent): void
}

type State = { position: Position | undefined; tail: Tail; closing: boolean; gap: string | undefined }

/** Reads a Vault's audit file. The place moves only behind acknowledged facts: a `kill -9` costs reading again. */
export const startLearner = async (parts: LearnerParts): Promise<{ close(): Promise<void> }> => {
  const position = await loadPosition(parts.positionFile)
  const state: State = { position, tail: tail(parts.auditFile, position?.place), closing: false, gap: position?.gap }
  // A gap that was found before, and not closed before we ended.
  if (state.gap !== undefined) parts.gaps.found()
  const stopReading = every(200, () =>
    readToEnd(parts, state).catch(async (error: unknown) => {
      parts.tell({ event: 'stuck', error: error instanceof Error ? error.message : 'unknown' })
      // What was read and not acknowledged is read again.
      await state.tail.close()
      state.tail = tail(parts.auditFile, state.position?.place)
    }),
  )
  const stopWatching = every(60_000, () => watchSalt(parts, state))
  return {
    close: async () => {
      state.closing = true
      await stopWatching()
      await stopReading()
      await state.tail.close()
    },
  }
}

const readToEnd = async (parts: LearnerParts, state: State): Promise<void> => {
  const startedAt = await parts.clock().catch(() => undefined)
  if (state.gap !== undefined && parts.gaps.closed()) {
    state.gap = undefined
    if (state.position) await keep(parts, state, state.position.place)
    parts.tell({ event: 'gap_closed' })
  }
  while (!state.closing) {
    const found = await state.tail.next()
    if (found.found === 'missing') return parts.tell({ event: 'missing' })
    if (found.found === 'end') {
      // An open gap may hide a renewal: what is not known to be read is not said to be.
      if (startedAt !== undefined && state.gap === undefined) await parts.readUpTo(startedAt).catch(() => undefined)
      return
    }
    if (found.found === 'gap') noteGap(parts, state, found.reason)
    else await stateFacts(parts, state, found.lines)
    if (found.place && (found.found === 'gap' || found.lines.length > 0)) await keep(parts, state, found.place)
  }
}

const keep = async (parts: LearnerParts, state: State, place: Position['place']): Promise<void> => {
  const { salt } = state.position ?? {}
  const gap = state.gap === undefined ? {} : { gap: state.gap }
  state.position = { v: 1, place, ...gap, ...(salt === undefined ? {} : { salt }) }
  await savePosition(parts.positionFile, state.position)
}

/** Said at once, kept beside the place, and closed only by an inventory that begins after this. */
const noteGap = (parts: LearnerParts, state: State, reason: string) => {
  state.gap = reason
  parts.gaps.found()
  parts.tell({ event: 'gap', reason })
}

const stateFacts = async (parts: LearnerParts, state: State, lines: Buffer[]): Promise<void> => {
  const facts: Fact[] = []
  for (const line of lines) {
    const record = parsed(line)
    if (record === undefined) noteGap(parts, state, 'a line is not JSON')
    else facts.push(...(await factsOfRecord(parts, record)))
  }
  parts.crashPoint('after_parse')
  if (facts.length > 0) await parts.facts.append(facts)
  if (facts.length > 0) parts.tell({ event: 'learned', facts: facts.length })
  parts.crashPoint('after_facts_acked')
}

const parsed = (line: Buffer): unknown => {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

const factsOfRecord = async (parts: LearnerParts, record: unknown): Promise<Fact[]> => {
  const { learned, troubles } = readAuditRecord(parts.rules, record)
  for (const trouble of troubles) parts.tell({ event: 'trouble', trouble })
  const facts: Fact[] = []
  for (const one of learned)
    try {
      facts.push(...(await parts.factsOf(learnedEvent(parts.rules, one, Date.now()))))
    } catch (error) {
      if (!(error instanceof RejectedEvent)) throw error
      parts.tell({ event: 'refused', code: error.code })
    }
  return facts
}

/** Another salt: what was learned before is not found by its hash any more. */
const watchSalt = async (parts: LearnerParts, state: State): Promise<void> => {
  const salt = await parts.salt()
  if (salt === undefined) return parts.tell({ event: 'trouble', trouble: 'no_hash' })
  if (!state.position) return
  const before = state.position.salt
  state.position = { ...state.position, salt }
  if (before !== undefined && before !== salt) parts.tell({ event: 'trouble', trouble: 'salt_changed' })
}
