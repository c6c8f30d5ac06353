import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A STAND-IN for a Vault-compatible server, for what a real one cannot be made to do. It speaks only what the store asks:
 * AppRole login, tokens by accessor, sys/leader. Everything that a real server does is tested with a real server.
 */
export type Lies = {
  /** How revoke-accessor behaves; `queued`: 202, and done after `queuedMs`. */
  revoke?: 'honest' | 'without-effect' | 'queued'
  queuedMs?: number
  /** After a revocation: refused at once, accepted again from `fromMs` to `toMs`, then refused for good. */
  flicker?: { fromMs: number; toMs: number }
  /** More calls in a second than this are answered 429 with Retry-After. */
  callsPerSecond?: number
  retryAfterSeconds?: number
  /** The n-th 429 inside the window locks everybody out for good. */
  lockout?: { at: number; windowMs: number }
  /** The next calls that are answered 429, whatever the rate. */
  refuseNext?: number
  refuseLogin?: boolean
  sealed?: boolean
  /** Every call under auth/token is answered 307 to this address. */
  redirectTo?: string
  slowMs?: number
  /** sys/leader says so. */
  standby?: boolean
  /** Life of a login, in seconds. */
  loginSeconds?: number
  /** Bytes of padding in every lookup. */
  padding?: number
}

type Token = { revokedAt?: number; doneAt?: number }
type Answer = { status: number; body?: unknown; headers?: Record<string, string> }
type World = {
  lies: Lies
  tokens: Map<string, Token>
  logins: Set<string>
  calls: string[]
  /** Tokens sent, by anybody. */
  sent: Set<string>
  tooMany: number[]
  lockedOut: boolean
  started: number[]
  connections: number
}

export type LyingVault = Awaited<ReturnType<typeof lyingVault>>

export const lyingVault = async (lies: Lies = {}) => {
  const world: World = {
    lies,
    tokens: new Map(),
    logins: new Set(),
    calls: [],
    sent: new Set(),
    tooMany: [],
    lockedOut: false,
    started: [],
    connections: 0,
  }
  const server = createServer((request, response) => void handle(world, request, response))
  server.on('connection', () => {
    world.connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies,
    world,
    issue: () => {
      const accessor = randomUUID()
      world.tokens.set(accessor, {})
      return accessor
    },
    /** Is the token accepted at the door at this moment? */
    opens: (accessor: string) => accepted(world, accessor),
    loseLogins: () => world.logins.clear(),
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const handle = async (world: World, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let text = ''
  for await (const chunk of request) text += chunk
  const path = (request.url ?? '').replace('/v1/', '')
  world.calls.push(path)
  const token = request.headers['x-vault-token']
  if (typeof token === 'string') world.sent.add(token)
  const answer = gate(world, path) ?? route(world, path, request, text === '' ? {} : JSON.parse(text))
  if (world.lies.slowMs) await new Promise(resolve => setTimeout(resolve, world.lies.slowMs))
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
  response.end(answer.body === undefined ? '' : JSON.stringify(answer.body))
}

/** What is answered before anybody looks at the request. */
const gate = (world: World, path: string): Answer | undefined => {
  const { lies } = world
  if (world.lockedOut) return { status: 429, body: { errors: ['locked out'] } }
  const now = performance.now()
  world.started = [...world.started.filter(at => at > now - 1_000), now]
  const over = lies.callsPerSecond !== undefined && world.started.length > lies.callsPerSecond
  if (over || (lies.refuseNext ?? 0) > 0) {
    lies.refuseNext = Math.max(0, (lies.refuseNext ?? 0) - 1)
    world.tooMany.push(now)
    const { at, windowMs } = lies.lockout ?? { at: Number.POSITIVE_INFINITY, windowMs: 0 }
    if (world.tooMany.filter(when => when > now - windowMs).length >= at) world.lockedOut = true
    const retryAfter = { 'retry-after': String(lies.retryAfterSeconds ?? 1) }
    return { status: 429, body: { errors: ['request path quota exceeded'] }, headers: retryAfter }
  }
  if (lies.sealed) return { status: 503, body: { errors: ['Vault is sealed'] } }
  if (lies.redirectTo !== undefined && path.startsWith('auth/token'))
    return { status: 307, headers: { location: `${lies.redirectTo}/v1/${path}` } }
  return undefined
}

const denied: Answer = { status: 403, body: { errors: ['permission denied'] } }
const invalidAccessor: Answer = { status: 400, body: { errors: ['1 error occurred:\n\t* invalid accessor\n\n'] } }

const route = (world: World, path: string, request: IncomingMessage, body: Record<string, string>): Answer => {
  if (path === 'sys/leader') return { status: 200, body: { ha_enabled: true, is_self: !world.lies.standby } }
  if (path === 'auth/approle/login') return login(world)
  if (!world.logins.has(String(request.headers['x-vault-token']))) return denied
  if (path === 'auth/token/lookup-self') return { status: 200, body: { data: { ttl: 60 } } }
  if (path === 'auth/token/renew-self') return login(world)
  if (path === 'auth/token/lookup-accessor') return lookup(world, body.accessor ?? '')
  if (path === 'auth/token/revoke-accessor') return revoke(world, body.accessor ?? '')
  return { status: 404, body: { errors: [] } }
}

const login = (world: World): Answer => {
  if (world.lies.refuseLogin) return { status: 400, body: { errors: ['invalid role or secret ID'] } }
  const token = `s.${randomUUID().replaceAll('-', '')}`
  world.logins.add(token)
  const auth = { client_token: token, accessor: 'own', renewable: true, lease_duration: world.lies.loginSeconds ?? 600 }
  return { status: 200, body: { auth } }
}

const lookup = (world: World, accessor: string): Answer =>
  accepted(world, accessor)
    ? { status: 200, body: { data: { accessor, padding: 'x'.repeat(world.lies.padding ?? 0) } } }
    : invalidAccessor

const revoke = (world: World, accessor: string): Answer => {
  const token = world.tokens.get(accessor)
  const mode = world.lies.revoke ?? 'honest'
  if (token && mode !== 'without-effect') {
    token.revokedAt ??= performance.now()
    token.doneAt ??= performance.now() + (mode === 'queued' ? (world.lies.queuedMs ?? 500) : 0)
  }
  return { status: mode === 'queued' ? 202 : 204 }
}

const accepted = (world: World, accessor: string): boolean => {
  const token = world.tokens.get(accessor)
  if (!token) return false
  const now = performance.now()
  if (token.doneAt === undefined || now < token.doneAt) return true
  const { flicker } = world.lies
  const since = now - token.doneAt
  return flicker !== undefined && since >= flicker.fromMs && since < flicker.toMs
}
