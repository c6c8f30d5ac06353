import { randomUUID } from 'node:crypto'
import { type Account, addKey, type HostileKey, type HostileWorld, type Lies, lives } from './hostile-keys-world.ts'

export type Asked = { method: string; url: URL; bearer: string; body: Record<string, unknown> }
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> }
type Parts = { world: HostileWorld; lies: Lies; admin: Account; accounts: Account[] }
type Caller = { email: string; isAdmin: boolean }

/** The key API: as IBM ContextForge's, with everything that it and others were seen to say wrongly. */
export const answerOfApi = (parts: Parts, asked: Asked): Answer => {
  const { method, url } = asked
  if (method === 'POST' && url.pathname === '/v1/login') return login(parts, asked.body)
  const caller = callerOf(parts, asked.bearer)
  if (!('email' in caller)) return caller
  const [, admin, id] = /^\/v1\/tokens(\/admin)?(?:\/([^/]+))?$/.exec(url.pathname) ?? []
  if (admin && (!caller.isAdmin || parts.lies.ownerOnly)) return detail(403, 'Admin permissions required')
  if (method === 'POST' && url.pathname === '/v1/tokens') return create(parts, caller, asked.body)
  if (id === undefined) return detail(404, 'Not Found')
  if (method === 'GET' && admin && id === 'all') return list(parts, url.searchParams)
  if (method === 'DELETE') return revoke(parts, caller, id, admin !== undefined)
  const key = parts.world.keys.get(id)
  if (!key || key.owner !== caller.email || admin) return detail(404, 'Token not found')
  if (method === 'PUT') return update(key, asked.body)
  // A lie for ever: no status can be read here.
  return method === 'GET' ? { status: 200, body: { ...rowOf(key), is_revoked: false, revoked_at: null } } : detail(405)
}

export const detail = (status: number, text = 'Method Not Allowed'): Answer => ({ status, body: { detail: text } })

const login = ({ world, lies, accounts }: Parts, { email, password }: Record<string, unknown>): Answer => {
  if (!accounts.some(account => account.email === email && account.password === password))
    return detail(401, 'Invalid email or password')
  const token = `session_${randomUUID()}`
  const session = { email: String(email), untilMs: Date.now() + lies.loginTtlSeconds * 1_000 }
  if (!lies.loginUseless) world.sessions.set(token, session)
  return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: lies.loginTtlSeconds } }
}

const callerOf = ({ world, lies, admin }: Parts, bearer: string): Caller | Answer => {
  if (lies.loginLost) world.sessions.clear()
  lies.loginLost = false
  const session = world.sessions.get(bearer)
  if (session && Date.now() < session.untilMs) return { email: session.email, isAdmin: session.email === admin.email }
  const isKey = [...world.keys.values()].some(({ value }) => value === bearer)
  return isKey ? detail(403, 'API tokens cannot manage tokens') : detail(401, 'Could not validate credentials')
}

const dayMs = 86_400_000
const create = ({ world }: Parts, { email }: Caller, { name, expires_in_days: days }: Asked['body']): Answer => {
  if (typeof name !== 'string' || name === '' || !Number.isInteger(days) || Number(days) < 1)
    return detail(422, 'name and expires_in_days (whole, at least 1) are required')
  const same = [...world.keys.values()].filter(key => key.owner === email && key.name === name)
  if (same.some(key => !saysRevoked(key, Date.now()))) return detail(400, 'Bad Request')
  if (same.length > 0) return detail(409, 'A token of this name exists')
  const key = addKey(world, { name, owner: email, lifeMs: Number(days) * dayMs })
  const { id, createdAtMs, expiresAtMs } = key
  const token = { id, name, created_at: naive(createdAtMs), expires_at: naive(expiresAtMs) }
  return { status: 201, body: { token, access_token: key.value } }
}

const list = ({ world, lies, admin }: Parts, query: URLSearchParams): Answer => {
  const now = Date.now()
  const limit = Math.min(Math.max(Number(query.get('limit') ?? 50), 1), 50)
  const offset = Math.max(Number(query.get('offset') ?? 0), 0)
  if (lies.listShrinksWhilePaging) shrink(world, admin.email, offset)
  const inactiveToo = query.get('include_inactive') === 'true'
  const kept = [...world.keys.values()].reverse().filter(key => {
    if (saysRevoked(key, now)) return inactiveToo && !lies.dropsRows
    return inactiveToo || (key.isActive && now < key.expiresAtMs)
  })
  const { listHidesLiving: hidden } = lies
  const emptyPage = hidden === 'a-page' && offset > 0 && offset <= limit
  const shown = kept.filter(key => !(Array.isArray(hidden) && hidden.includes(key.id) && lives(key, now)))
  const tokens = emptyPage ? [] : shown.slice(offset, offset + limit).map(key => rowOf(key, now))
  return { status: 200, body: { tokens, total: kept.length, limit, offset } }
}

const passing = 'a-row-that-is-deleted-soon'
/** A dead row stands first on a first page and is deleted before the second: what followed moved up by one. */
const shrink = (world: HostileWorld, owner: string, offset: number) => {
  for (const { id, name } of world.keys.values()) if (name === passing) world.keys.delete(id)
  if (offset === 0) addKey(world, { name: passing, owner, lifeMs: 0 })
}

const update = (key: HostileKey, body: Asked['body']): Answer => {
  if (typeof body.is_active === 'boolean') key.isActive = body.is_active
  return { status: 200, body: rowOf(key) }
}

const revoke = ({ world, lies }: Parts, { email }: Caller, id: string, asAdmin: boolean): Answer => {
  const key = world.keys.get(id)
  // A lie: nothing of that name was ever here.
  if (!key) return { status: 200, body: { message: 'Token revoked' } }
  if (!asAdmin && key.owner !== email) return detail(404, 'Token not found')
  const now = Date.now()
  if (saysRevoked(key, now) || (key.diesAtMs ?? Number.POSITIVE_INFINITY) <= now) return detail(409, 'try again')
  const done = now + lies.queuedMs
  if (!lies.revokeWithoutEffect && key.diesAtMs === undefined) {
    key.diesAtMs = done
    key.goneAtMs = done + lies.doorCacheMs
    world.revocations += 1
    key.revocation = world.revocations
  }
  if (!lies.revokeWithoutEffect || lies.listSaysRevoked) key.saidRevokedAtMs ??= done + lies.listLagMs
  if (lies.revokeSaysTryAgain) return detail(500, 'try again')
  return lies.queuedMs > 0 ? { status: 202, body: { message: 'queued' } } : { status: 204 }
}

const saysRevoked = ({ saidRevokedAtMs = Number.POSITIVE_INFINITY }: HostileKey, now: number) => saidRevokedAtMs <= now

const rowOf = (key: HostileKey, now = Date.now()) => ({
  id: key.id,
  name: key.name,
  owner: key.owner,
  is_active: key.isActive,
  is_revoked: saysRevoked(key, now),
  revoked_at: saysRevoked(key, now) ? naive(key.saidRevokedAtMs ?? 0) : null,
  created_at: naive(key.createdAtMs),
  expires_at: naive(key.expiresAtMs),
})

/** As Python writes it: UTC, microseconds, and no zone. */
const naive = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}000`
