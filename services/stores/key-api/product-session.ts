import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane, Sealing } from '../../pipeline/ports.ts'
import { at } from '../answer-fits.ts'
import { fitter, type ProductAnswer, type ProductCall, type ProductReply, problemOf } from './product-call.ts'

type Login = NonNullable<Preset['login']>
type Session = { token: string; until: number }
export type ProductSession = {
  token(lane: Lane): Promise<string | { problem: Problem }>
  /** The product no longer knows this session: the next `token` logs in anew. */
  lost(token: string): Promise<void>
}
export type SessionParts = {
  store: string
  preset: Preset
  login: Login
  call: ProductCall
  redis: Redis
  prefix: string
  sealing: Sealing
  /** What the login depends on: another address, account or request is another session. */
  scope: string
}

const lockMs = 15_000
const lostAgainMs = 10_000
const longestRestMs = 60_000

/**
 * One login for all processes, sealed in Redis: products allow few logins. A refused one is not repeated at once, by nobody: for
 * that, products lock the account.
 */
export const productSession = (parts: SessionParts): ProductSession => {
  let mine: Session | undefined
  const keys = keysOf(parts)
  const shared = async () => {
    const blob = await parts.redis.get(keys.session)
    const opened = blob === null ? undefined : parts.sealing.open(keys.sealedFor, blob)
    return opened === undefined ? undefined : (JSON.parse(opened) as Session)
  }
  return {
    token: async lane => {
      if (mine && Date.now() < mine.until) return mine.token
      mine = await shared()
      if (mine && Date.now() < mine.until) return mine.token
      const entered = await enter(parts, lane)
      if ('problem' in entered) return entered
      mine = entered
      return entered.token
    },
    lost: async token => {
      if ((await shared())?.token === token) {
        // One key that is answered like a lost session must not cost every other key its login.
        if ((await parts.redis.set(keys.lost, '1', 'PX', lostAgainMs, 'NX')) === null) return
        await parts.redis.del(keys.session)
      }
      if (mine?.token === token) mine = undefined
    },
  }
}

const keysOf = ({ prefix, store, scope }: SessionParts) => ({
  session: `${prefix}:login:${store}:${scope}`,
  lock: `${prefix}:login:${store}:${scope}:lock`,
  refused: `${prefix}:login:${store}:${scope}:refused`,
  /** Lost a moment ago: what is refused now is refused for another reason. */
  lost: `${prefix}:login:${store}:${scope}:lost`,
  /** The blob opens as this and as nothing else. */
  sealedFor: `login/${store}/${scope}`,
})

/** Single flight over all processes: the others ask again in a moment. */
const enter = async (parts: SessionParts, lane: Lane): Promise<Session | { problem: Problem }> => {
  const { redis } = parts
  const keys = keysOf(parts)
  const [restMs, why] = await Promise.all([redis.pttl(keys.refused), redis.get(keys.refused)])
  if (restMs > 0 && why !== null) return resting(why, restMs)
  const own = randomUUID()
  if ((await redis.set(keys.lock, own, 'PX', lockMs, 'NX')) === null)
    return { problem: { code: 'throttled', detail: 'another worker is logging in', retryAfterMs: 200 } }
  try {
    const { login } = parts
    const purpose = { operation: 'login', request: login.request, budget: login.budget, lane }
    const session = sessionOf(parts, await parts.call({ ...purpose, names: () => undefined }))
    if ('problem' in session) await rest(parts, session.problem)
    else await keep(parts, session)
    return session
  } finally {
    if ((await redis.get(keys.lock)) === own) await redis.del(keys.lock)
  }
}

const resting = (why: string, retryAfterMs: number): { problem: Problem } => ({
  problem: { code: 'permission', detail: `${why} (not repeated yet)`.slice(0, 200), retryAfterMs },
})

const rest = async (parts: SessionParts, problem: Problem) => {
  if (problem.code !== 'permission' && problem.code !== 'protocol') return
  const { refused } = keysOf(parts)
  const times = await parts.redis.incr(`${refused}:times`)
  await parts.redis.pexpire(`${refused}:times`, 10 * longestRestMs)
  await parts.redis.set(refused, problem.detail, 'PX', Math.min(longestRestMs, 1_000 * 2 ** Math.min(times, 10)))
}

const keep = async (parts: SessionParts, session: Session) => {
  const { session: key, sealedFor, refused } = keysOf(parts)
  const { blob } = parts.sealing.seal(sealedFor, JSON.stringify(session))
  await parts.redis.set(key, blob, 'PX', Math.max(1, session.until - Date.now()))
  await parts.redis.del(`${refused}:times`)
}

const sessionOf = ({ preset, login }: SessionParts, reply: ProductReply): Session | { problem: Problem } => {
  if (!fitter(preset)(login.done, reply)) {
    const problem = problemOf(reply, login.request)
    return { problem: { ...problem, detail: `login: ${problem.detail}` } }
  }
  const token = tokenIn(login, reply)
  if (token === undefined) return { problem: { code: 'protocol', detail: nothingAt(login, reply) } }
  const lifeMs = lifeIn(login, reply)
  // Used up to its last tenth, or half a minute before its end.
  return { token, until: Date.now() + lifeMs - Math.min(30_000, lifeMs / 10) }
}

const tokenIn = ({ token }: Login, { body, headers }: ProductAnswer): string | undefined => {
  if ('place' in token) return textOf(at(body, token.place))
  if ('header' in token) return textOf([headers[token.header.toLowerCase()]].flat()[0])
  const start = `${token.cookie}=`
  const cookie = [headers['set-cookie'] ?? []].flat().find(one => one.startsWith(start))
  return textOf(cookie?.slice(start.length).split(';')[0])
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** Names only: what stands there may be a session. */
const nothingAt = ({ token }: Login, { body, headers }: ProductAnswer): string => {
  if ('place' in token) return `login: no text at "${token.place}"; the answer has ${namesOf(body)}`
  if ('header' in token)
    return `login: no header "${token.header}"; there are ${Object.keys(headers).join(', ')}`.slice(0, 200)
  return `login: the answer sets no cookie "${token.cookie}"`
}

export const namesOf = (body: unknown): string => {
  if (typeof body !== 'object' || body === null) return 'no JSON object'
  if (Array.isArray(body)) return `a list of ${body.length}`
  const names = Object.keys(body)
  // A product may name a field by the key itself: only plain words are quoted.
  const plain = names.filter(name => /^[A-Za-z_]{1,24}$/.test(name))
  const rest = names.length - plain.length
  return [...plain.slice(0, 12), ...(rest > 0 ? [`${rest} more`] : [])].join(', ').slice(0, 120) || 'nothing'
}

const lifeIn = ({ life }: Login, { body }: ProductAnswer): number => {
  if (!('place' in life)) return life.seconds * 1_000
  const found = Number(at(body, life.place))
  const ms = life.unit === 'seconds' ? found * 1_000 : found
  // A life that cannot be read is a short one.
  return Number.isFinite(ms) && ms > 0 ? ms : 60_000
}
