import type { Problem } from '../../pipeline/errors.ts'
import { type Login, type LoginParts, logIn, logOut, renewLogin } from './login.ts'

export type SessionEvent = { event: 'store_session_opened' } | { event: 'store_session_lost'; problem: Problem }
export type Session = {
  /** The pipeline's own token; a login first where there is none. */
  login(): Promise<Login | { problem: Problem }>
  /** The store refused this token: the next `login` makes a new one. Loud. */
  lost(token: string, problem: Problem): void
  accessor(): string | undefined
  close(): Promise<void>
}
type SessionParts = LoginParts & { tell(event: SessionEvent): void }
type State = {
  current?: Login | undefined
  pending?: Promise<Login | { problem: Problem }> | undefined
  refused?: { problem: Problem; times: number; until: number } | undefined
  timer?: NodeJS.Timeout | undefined
  closed: boolean
}

/** One AppRole login per process: made once, renewed before its end, made again when lost. */
export const vaultSession = (parts: SessionParts): Session => {
  const state: State = { closed: false }
  return {
    login: async () => {
      const { current, refused } = state
      if (current && performance.now() < current.endsAt) return current
      if (!refused || performance.now() >= refused.until) return enter(parts, state)
      return { problem: { ...refused.problem, retryAfterMs: Math.ceil(refused.until - performance.now()) } }
    },
    lost: (token, problem) => {
      if (state.current?.token === token) lose(parts, state, problem)
    },
    accessor: () => state.current?.accessor,
    close: async () => {
      state.closed = true
      clearTimeout(state.timer)
      await state.pending
      if (state.current) await logOut(parts, state.current)
      state.current = undefined
    },
  }
}

/** Single flight: however many calls wait for it, one login. */
const enter = (parts: SessionParts, state: State) => {
  state.pending ??= logIn(parts)
    .then(login => {
      if ('problem' in login) return rest(parts, state, login.problem)
      state.refused = undefined
      keep(parts, state, login)
      parts.tell({ event: 'store_session_opened' })
      return login
    })
    .finally(() => {
      state.pending = undefined
    })
  return state.pending
}

/** A refused login is not repeated at once: for that, products lock out. */
const rest = (parts: SessionParts, state: State, problem: Problem): { problem: Problem } => {
  const times = (state.refused?.times ?? 0) + 1
  const refusedUs = problem.code === 'permission'
  const restMs = refusedUs ? Math.min(10_000, 500 * 2 ** Math.min(times, 5)) : 100
  state.refused = { problem, times, until: performance.now() + restMs }
  if (refusedUs) parts.tell({ event: 'store_session_lost', problem })
  return { problem }
}

const keep = (parts: SessionParts, state: State, login: Login) => {
  state.current = login
  clearTimeout(state.timer)
  if (state.closed) return
  const delayMs = Math.max(250, ((login.endsAt - performance.now()) * 2) / 3)
  state.timer = setTimeout(() => void refresh(parts, state, login), Math.min(2 ** 31 - 1, delayMs)).unref()
}

/** Before the end: renew, else log in anew. Nobody waits for it, and the old login serves meanwhile. */
const refresh = async (parts: SessionParts, state: State, login: Login): Promise<void> => {
  const renewed = await renewLogin(parts, login)
  if (state.closed || state.current !== login) return
  if (renewed) return keep(parts, state, renewed)
  const next = await enter(parts, state)
  if (state.closed || state.current !== login || !('problem' in next)) return
  if (performance.now() < login.endsAt) keep(parts, state, login)
  else lose(parts, state, next.problem)
}

const lose = (parts: SessionParts, state: State, problem: Problem) => {
  state.current = undefined
  clearTimeout(state.timer)
  parts.tell({ event: 'store_session_lost', problem })
}
