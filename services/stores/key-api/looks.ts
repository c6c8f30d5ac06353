import { setTimeout } from 'node:timers/promises'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import { within } from '../within.ts'

/** Everything that one pass over a list showed. A key that is not in it was not listed. */
export type Look<T> = { began: number; at: number; whole: boolean; keys: ReadonlyMap<string, T> }
/** `pages`: how many were asked for. `whole`: what is not in it is not listed. */
type Taken<T> = { pages: number } & ({ keys: ReadonlyMap<string, T>; whole: boolean } | { problem: Problem })
type Asked<T> = Look<T> | { problem: Problem }
export type Looks<T> = {
  /** A look that began at `notBefore` (epoch ms) or later: the last one, else a new one where it may, else how long to wait. */
  ask(notBefore: number, lane: Lane): Promise<Asked<T>>
  close(): Promise<void>
}
type State<T> = {
  last?: Look<T> | undefined
  running?: { began: number; done: Promise<Asked<T>> } | undefined
  /** The last look was never answered: nobody waits for the next one. */
  failed?: { problem: Problem } | undefined
  freeAt: number
  waiting: number
}

/** A worker does not wait longer: it is asked again, and the look goes on meanwhile. */
const patienceMs = 150
/** The first look of all may have to log in. */
const firstPatienceMs = 1_000
/** Nor do more than these: a product that has just fallen silent must not hold every worker. */
const mostWaiting = 4
/** Passes over many pages that take long leave most of the budget to the killing. */
const slowMs = 200
const restMs = (tookMs: number) => Math.min(9 * tookMs, 10 * 60_000)
/** One call is no burden: a login that had to wait for its budget must not hold up the look at a key that is due. */
const shortRestMs = 500

/** One pass at a time, for everybody who waits: a thousand keys behind a slow product cost its pages once, not a thousand times. */
export const sharedLooks = <T>(take: (lane: Lane, signal: AbortSignal) => Promise<Taken<T>>): Looks<T> => {
  const state: State<T> = { freeAt: 0, waiting: 0 }
  const ending = new AbortController()
  const patience = () => (state.last ? patienceMs : firstPatienceMs)
  const start = (lane: Lane) => {
    const began = Date.now()
    const done = take(lane, ending.signal)
      .then((taken): Asked<T> => {
        const now = Date.now()
        if ('problem' in taken) {
          const { problem, pages } = taken
          const silent = problem.code === 'timeout'
          state.failed = silent ? { problem } : undefined
          // What cannot be read to its end must not use up the budget of the killing.
          const rest = restMs(now - began)
          state.freeAt = silent ? 0 : now + (pages > 1 ? rest : Math.min(rest, shortRestMs))
          return { problem }
        }
        state.failed = undefined
        state.last = { began, at: now, whole: taken.whole, keys: taken.keys }
        const slow = taken.pages > 1 && now - began > slowMs
        state.freeAt = slow ? now + restMs(now - began) : 0
        return state.last
      })
      .finally(() => {
        state.running = undefined
      })
    state.running = { began, done }
    return state.running
  }
  const next = async (notBefore: number, lane: Lane, deadline: number): Promise<Asked<T>> => {
    const now = Date.now()
    // A clock that was put back.
    if (state.last && state.last.began > now) Object.assign(state, { last: undefined, freeAt: 0 })
    const { running, last, failed } = state
    // A leak does not wait for anybody's rest.
    const freeAt = lane === 'leak' ? 0 : state.freeAt
    if (last && last.began >= notBefore) return last
    if (failed && (running ?? now >= freeAt)) {
      if (!running) start(lane)
      return failed
    }
    if (running) {
      // One that is late already is late for everybody.
      const waitMs = Math.min(deadline, running.began + patience()) - now
      const told = await within(Math.max(1, waitMs), running.done).catch(() => late)
      return running.began >= notBefore || 'problem' in told ? told : next(notBefore, lane, deadline)
    }
    if (now >= freeAt) {
      // The clock of whoever wrote `notBefore` may be a little before ours.
      if (notBefore > now + patience()) return { problem: waiting(notBefore - now) }
      if (notBefore > now) await setTimeout(notBefore - now)
      return state.running ? next(notBefore, lane, deadline) : within(patience(), start(lane).done).catch(() => late)
    }
    return { problem: waiting(freeAt - now) }
  }
  return {
    ask: async (notBefore, lane) => {
      if (state.running && state.waiting >= mostWaiting && !(state.last && state.last.began >= notBefore)) return late
      state.waiting += 1
      try {
        return await next(notBefore, lane, Date.now() + patience())
      } finally {
        state.waiting -= 1
      }
    },
    close: async () => {
      ending.abort()
      await state.running?.done.catch(() => undefined)
    },
  }
}

const waiting = (retryAfterMs: number): Problem => ({
  code: 'throttled',
  detail: 'the next look at the list is not due yet',
  retryAfterMs,
  putOff: true,
})
const late: { problem: Problem } = {
  problem: { code: 'throttled', detail: 'the look at the list is still under way', retryAfterMs: 200, putOff: true },
}
