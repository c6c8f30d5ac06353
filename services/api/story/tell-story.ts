import type { GrantEntry } from '../../../schemas/http.ts'
import type { GrantStory, StoryLine } from '../../../schemas/http-story.ts'
import type { WorkNote } from '../../pipeline/ports.ts'
import { duration } from '../duration.ts'
import type { StoryRecord } from '../ports.ts'
import { factLines } from './fact-lines.ts'

/** A grant's whole story in order, from the facts and from what the work remembers, and how it stands now. */
export const tellStory = (record: StoryRecord, now: number): GrantStory => {
  const { entry, note, complete } = record
  const told = factLines(record)
  const lines = [
    ...told,
    ...(complete ? [] : ledgerLines(entry, told)),
    ...dueLine(entry),
    ...(entry.receipt ? [] : workLines(note, entry)),
  ]
  return {
    grant: entry,
    story: oncePerReceipt(lines).sort((a, b) => a.at - b.at || rank(a) - rank(b)),
    complete,
    ...standing(entry, now),
  }
}

/** In one millisecond, the cause comes before what it caused. */
const order = ['due', 'step', 'refused', 'verified']
const rank = ({ what }: StoryLine) => order.indexOf(what)

/** Outcomes of one receipt may be appended twice; they say the same. */
const oncePerReceipt = (lines: StoryLine[]): StoryLine[] => [
  ...new Map(lines.map(line => [JSON.stringify([line.at, line.what, line.detail]), line])).values(),
]

/** Where the facts could not be read to their end: what they add up to. */
const ledgerLines = ({ grantedAt, seenAliveAt, receipt }: GrantEntry, told: StoryLine[]): StoryLine[] => {
  const source = 'the ledger'
  const line = (what: string, at: number | undefined, detail?: string): StoryLine[] =>
    at === undefined || told.some(one => one.what === what)
      ? []
      : [{ at, what, ...(detail === undefined ? {} : { detail }), source }]
  return [
    ...line('registered', grantedAt),
    ...line('seen alive', seenAliveAt),
    ...line('verified', receipt?.outcome === 'verified' ? receipt.settledAt : undefined, `receipt ${receipt?.receipt}`),
  ]
}

const memory = 'the work remembers'

const dueLine = ({ receipt, cause, dueAt }: GrantEntry): StoryLine[] =>
  receipt || cause === undefined || dueAt === undefined
    ? []
    : [{ at: dueAt, what: 'due', detail: cause.replaceAll('_', ' '), source: 'the decision of this moment' }]

const workLines = (note: WorkNote | undefined, { state, blocked }: GrantEntry): StoryLine[] => {
  if (!note) return []
  const line = (at: number | undefined, what: string, detail: string): StoryLine[] =>
    at === undefined ? [] : [{ at, what, detail, source: memory }]
  const tries = (note.tries ?? []).map(({ at, step, code }) => ({
    at,
    what: 'tried',
    detail: `${step === 'probe' ? 'the look at it' : 'the step'} failed: ${code}`,
    source: memory,
  }))
  return [
    ...tries,
    ...line(note.steppedAt, 'step', 'its store was told to end it'),
    ...line(note.acceptedAt, 'accepted', 'still accepted'),
    ...line(note.refusedSince, 'refused', 'first refusal; the proof is not complete yet'),
    ...(state === 'held' ? line(note.heldSince, 'held', 'inferred kills are over the cap') : []),
    ...(blocked ? line(blocked.since, 'blocked', `${blocked.code}: ${blocked.detail}`) : []),
  ]
}

type Standing = Pick<GrantStory, 'says' | 'next'>

/** What is so now, and what to type. */
const standing = (entry: GrantEntry, now: number): Standing => {
  const { state, dueAt, store, expiresAt, blocked, attempts = 0 } = entry
  const pastDue = duration(Math.max(0, now - (dueAt ?? now)))
  const byItself =
    expiresAt !== undefined && expiresAt > now ? ` It would expire by itself in ${duration(expiresAt - now)}.` : ''
  switch (state) {
    case 'settled':
      return settled(entry, now)
    case 'live': {
      const until = dueAt === undefined ? '' : ` It is due in ${duration(Math.max(0, dueAt - now))}.`
      return { says: `Alive, and may be.${until}`, next: `curfew revoke --grant ${entry.grant} --reason "why"` }
    }
    case 'blocked':
      return {
        says: `ALIVE, ${pastDue} past due. Blocked, ${attempts} tries so far: ${blockedMeans(blocked?.code)}${byItself}`,
        next: `curfew doctor ${store}`,
      }
    case 'held':
      return {
        says: `ALIVE, ${pastDue} past due. Held: inferred kills are over the cap, and a person must look.${byItself}`,
        next: `curfew revoke --grant ${entry.grant} --reason "why"`,
      }
    case 'due':
      if (entry.refusedSince === undefined)
        return { says: `ALIVE, ${pastDue} past due; being killed.${byItself}`, next: 'curfew status' }
      return {
        says: `Refused for ${duration(now - entry.refusedSince)}; its proof waits for the store's window or for Kafka.`,
        next: 'curfew status',
      }
  }
}

const meanings: Record<string, string> = {
  permission: 'the store refuses us.',
  sealed: 'the store is sealed.',
  unreachable: 'the store cannot be reached.',
  timeout: 'the store does not answer.',
}
const blockedMeans = (code = 'unknown') => meanings[code] ?? `${code}.`

const settled = ({ receipt, grant }: GrantEntry, now: number): Standing => {
  if (!receipt) return { says: 'Settled.' }
  const { outcome, deadSince, dueAt, exposedUntil, recheckAt } = receipt
  const again =
    recheckAt !== undefined && recheckAt > now ? ` It is looked at again in ${duration(recheckAt - now)}.` : ''
  switch (outcome) {
    case 'verified':
      return { says: `DEAD, proven, ${duration(Math.max(0, (deadSince ?? dueAt) - dueAt))} after it was due.${again}` }
    case 'impossible': {
      const open =
        exposedUntil === undefined
          ? 'nobody knows until when'
          : exposedUntil > now
            ? `for ${duration(exposedUntil - now)} more`
            : 'no longer'
      return { says: `NOT PROVEN DEAD: ${receipt.reason ?? 'its store cannot'}. It may be honoured, ${open}.` }
    }
    case 'unproven':
      return {
        says: `UNPROVEN: it was never seen alive. Its issuer must look.${again}`,
        next: `curfew explain ${grant}`,
      }
    case 'gone_before_seen':
      return { says: 'Gone before it was seen: nothing to end, and nothing proven.' }
  }
}
