import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { decide, type Marks } from '../../services/pipeline/decide.ts'
import { facts, fingerprint, folded, hour, inferred, viewOf } from '../support/facts.ts'

const t = 1_800_000_000_000
const minute = 60_000
const readAll: Marks = {
  grantsRead: t + 100 * hour,
  lifecycleRead: t + 100 * hour,
  expiryHoldMs: 15 * minute,
  holdFrom: 0,
}
const readNothing: Marks = { ...readAll, grantsRead: 0, lifecycleRead: 0 }
const started = facts.started('s', t)
const token = (extra = {}) => facts.granted('s', 'h', t, extra)
const fp = fingerprint('value')
const renewable = (at: number) => token({ expiresAt: at, renewable: true })
const fixed = (at: number) => token({ expiresAt: at, renewable: false })

type Expected = 'not due' | { cause: string; since: number; inferred?: boolean }
type Row = [sentence: string, facts: Fact[], now: number, expected: Expected, marks?: Marks]

const rows: Row[] = [
  ['a live session keeps its credential', [started, token()], t + hour, 'not due'],
  [
    'an ended session kills it',
    [started, token(), facts.ended('s', t + 10)],
    t + 11,
    { cause: 'session_ended', since: t + 10 },
  ],
  [
    'an end acts although nothing else was read',
    [started, token(), facts.ended('s', t + 10)],
    t + 11,
    { cause: 'session_ended', since: t + 10 },
    readNothing,
  ],
  [
    'a finished task kills what was granted to it',
    [started, token({ task: 'a' }), facts.taskEnded('s', 'a', t + 10)],
    t + 11,
    { cause: 'task_finished', since: t + 10 },
  ],
  [
    'a finished task leaves what another task holds',
    [started, token({ task: 'b' }), facts.taskEnded('s', 'a', t + 10)],
    t + 11,
    'not due',
  ],
  [
    'a finished task leaves what the session holds',
    [started, token(), facts.taskEnded('s', 'a', t + 10)],
    t + 11,
    'not due',
  ],
  [
    'a session end kills what a task holds',
    [started, token({ task: 'a' }), facts.ended('s', t + 10)],
    t + 11,
    { cause: 'session_ended', since: t + 10 },
  ],
  [
    'a grant that arrives after its session end is due from its own receipt on',
    [started, facts.ended('s', t - 500), token()],
    t + 1,
    { cause: 'session_ended', since: t },
  ],
  [
    'a grant that arrives after its task end is due from its own receipt on',
    [started, facts.taskEnded('s', 'a', t - 500), token({ task: 'a' })],
    t + 1,
    { cause: 'task_finished', since: t },
  ],
  ['a grant without its start is untouched inside the grace', [token()], t + minute - 1, 'not due'],
  [
    'a grant whose start never came is due after the grace',
    [token()],
    t + minute,
    { cause: 'unannounced', since: t + minute, inferred: true },
  ],
  [
    'a grant whose start is late but inside the grace is untouched',
    [token(), facts.started('s', t + minute - 5)],
    t + 2 * minute,
    'not due',
  ],
  ['an unannounced grant waits while its start may lie unread', [token()], t + hour, 'not due', readNothing],
  [
    'a grant may carry the start of its session itself',
    [token({ start: { maxLifeMs: hour } })],
    t + 2 * minute,
    'not due',
  ],
  ['a final expiry acts at its moment', [started, fixed(t + hour)], t + hour, { cause: 'expired', since: t + hour }],
  [
    'a final expiry acts although nothing was read',
    [started, fixed(t + hour)],
    t + hour,
    { cause: 'expired', since: t + hour },
    readNothing,
  ],
  [
    'a final expiry is not moved by a renewal',
    [started, fixed(t + hour), facts.renewed('h', t, t + 9 * hour)],
    t + hour,
    { cause: 'expired', since: t + hour },
  ],
  [
    'a renewable expiry acts once the grants were read past it',
    [started, renewable(t + hour)],
    t + hour,
    { cause: 'expired', since: t + hour },
  ],
  [
    'a renewable expiry waits while a renewal may lie unread',
    [started, renewable(t + hour)],
    t + hour + 1,
    'not due',
    readNothing,
  ],
  [
    'a renewable expiry waits 15 minutes at most, then acts under the cap',
    [started, renewable(t + hour)],
    t + hour + 15 * minute,
    { cause: 'expired', since: t + hour, inferred: true },
    readNothing,
  ],
  [
    'the longest hold starts when somebody could first have read',
    [started, renewable(t + hour)],
    t + hour + 15 * minute,
    'not due',
    { ...readNothing, holdFrom: t + hour + 5 * minute },
  ],
  [
    'a renewal moves a renewable expiry',
    [started, renewable(t + hour), facts.renewed('h', t, t + 2 * hour)],
    t + hour,
    'not due',
  ],
  [
    'an earlier renewal does not shorten a later one',
    [started, renewable(t + hour), facts.renewed('h', t, t + 2 * hour), facts.renewed('h', t, t + hour)],
    t + hour,
    'not due',
  ],
  [
    'a renewal never moves an ended session',
    [started, renewable(t + hour), facts.ended('s', t + 10), facts.renewed('h', t + 20, t + 9 * hour)],
    t + 30,
    { cause: 'session_ended', since: t + 10 },
  ],
  [
    'a silent session is idle after its idle time',
    [facts.started('s', t, { idleMs: minute }), token()],
    t + minute,
    { cause: 'idle', since: t + minute, inferred: true },
  ],
  [
    'activity moves the idle deadline',
    [facts.started('s', t, { idleMs: minute }), token(), facts.active('s', t + minute)],
    t + minute,
    'not due',
  ],
  [
    'idle waits while a heartbeat may lie unread, however long',
    [facts.started('s', t, { idleMs: minute }), token()],
    t + 20 * hour,
    'not due',
    readNothing,
  ],
  ['a session without an idle time is never idle', [started, token()], t + 23 * hour, 'not due'],
  [
    'the maximum life ends every session',
    [started, token()],
    t + 24 * hour,
    { cause: 'max_life', since: t + 24 * hour },
  ],
  [
    'the maximum life acts although nothing was read',
    [started, token()],
    t + 24 * hour,
    { cause: 'max_life', since: t + 24 * hour },
    readNothing,
  ],
  [
    'activity does not move the maximum life',
    [facts.started('s', t, { maxLifeMs: hour }), token(), facts.active('s', t + hour)],
    t + hour,
    { cause: 'max_life', since: t + hour },
  ],
  [
    'an unannounced session has a maximum life too',
    [token()],
    t + 24 * hour,
    { cause: 'max_life', since: t + 24 * hour },
    readNothing,
  ],
  [
    'a leak of the value kills it',
    [started, token({ fingerprints: [fp] }), facts.leaked(fp, t + 10)],
    t + 11,
    { cause: 'leaked', since: t + 10 },
  ],
  [
    'a leak that came before its grant kills it from the grant on',
    [facts.leaked(fp, t - hour), started, token({ fingerprints: [fp] })],
    t + 1,
    { cause: 'leaked', since: t },
  ],
  [
    'a leak of another value does nothing',
    [started, token({ fingerprints: [fp] }), facts.leaked(fingerprint('other'), t + 10)],
    t + 11,
    'not due',
  ],
  [
    'a leak sent as a fingerprint is inferred',
    [started, token({ fingerprints: [fp] }), facts.leaked(fp, t + 10, false)],
    t + 11,
    { cause: 'leaked', since: t + 10, inferred: true },
  ],
  [
    'a fingerprint leak that the value confirms is not inferred any more',
    [started, token({ fingerprints: [fp] }), facts.leaked(fp, t + 10, false), facts.leaked(fp, t + 20)],
    t + 21,
    { cause: 'leaked', since: t + 10, inferred: false },
  ],
  [
    'a held cause with an uncapped one beside it goes at once',
    [token(), facts.ended('s', t + 2 * minute)],
    t + 3 * minute,
    { cause: 'session_ended', since: t + minute, inferred: false },
  ],
  [
    'an end that a mapped webhook told is inferred',
    [started, token(), facts.ended('s', t + 10, 'session_ended', inferred)],
    t + 11,
    { cause: 'session_ended', since: t + 10, inferred: true },
  ],
  [
    'an explicit end after it is not, since the first of the two',
    [started, token(), facts.ended('s', t + 10, 'session_ended', inferred), facts.ended('s', t + 20)],
    t + 21,
    { cause: 'session_ended', since: t + 10, inferred: false },
  ],
  [
    'an explicit end before it is not either',
    [started, token(), facts.ended('s', t + 10), facts.ended('s', t + 5, 'session_ended', inferred)],
    t + 21,
    { cause: 'session_ended', since: t + 5, inferred: false },
  ],
  [
    "a task's end that a mapped webhook told is inferred",
    [started, token({ task: 'a' }), facts.taskEnded('s', 'a', t + 10, inferred)],
    t + 11,
    { cause: 'task_finished', since: t + 10, inferred: true },
  ],
  [
    "a task's explicit end beside it is not",
    [started, token({ task: 'a' }), facts.taskEnded('s', 'a', t + 10, inferred), facts.taskEnded('s', 'a', t + 20)],
    t + 21,
    { cause: 'task_finished', since: t + 10, inferred: false },
  ],
  [
    'an end that a mapped webhook told acts although nothing else was read',
    [started, token(), facts.ended('s', t + 10, 'session_ended', inferred)],
    t + 11,
    { cause: 'session_ended', since: t + 10, inferred: true },
    readNothing,
  ],
  [
    'an operator forces one credential',
    [started, token(), facts.forced('h', t + 10)],
    t + 11,
    { cause: 'forced', since: t + 10 },
  ],
  [
    'an operator forces a session',
    [started, token(), facts.ended('s', t + 10, 'forced')],
    t + 11,
    { cause: 'forced', since: t + 10 },
  ],
  [
    'a shared credential is due when its first holder ends',
    [started, facts.started('q', t), token(), facts.granted('q', 'h', t), facts.ended('q', t + 10)],
    t + 11,
    { cause: 'session_ended', since: t + 10 },
  ],
  [
    'what has an outcome is never due again',
    [started, token(), facts.ended('s', t + 10), facts.outcome('h', t + 20)],
    t + 30,
    'not due',
  ],
  [
    'what relapsed is due again, in a new epoch, since it relapsed',
    [started, token(), facts.ended('s', t + 10), facts.outcome('h', t + 20), facts.relapsed('h', t + 90, 1)],
    t + 91,
    { cause: 'session_ended', since: t + 90 },
  ],
]

describe('decide', () => {
  it.each(rows)('%s', (_sentence, all, now, expected, marks = readAll) => {
    const view = viewOf(folded(all), 'h')
    if (!view) throw new Error('no view')
    const verdict = decide(view, now, marks)
    if (expected === 'not due') return expect(verdict.due).toBe(false)
    if (!verdict.due) throw new Error(`not due: ${JSON.stringify(verdict)}`)
    expect(verdict.cause.cause).toBe(expected.cause)
    expect(verdict.at).toBe(expected.since)
    if (expected.inferred !== undefined) expect(verdict.inferred).toBe(expected.inferred)
  })
})
