import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A STAND-IN for an authorization server and a resource behind it, for the lies that oidc-provider does not tell. It speaks only
 * what the store asks: RFC 8414 metadata, RFC 7009, RFC 7662, and `initialize` at a door. What a real server does is tested with
 * a real server.
 */
export type OauthLies = {
  /** 200 and no effect; 503 with Retry-After; honest is the default. */
  revoke?: 'honest' | 'without-effect' | 'unavailable'
  retryAfterSeconds?: number
  /** A client that a token does not concern revokes it: 200 and no effect (the default), or obeyed all the same. */
  strangerRevokes?: 'without-effect' | 'obeyed'
  /** Such a client looks a token up: `active:false` (the default, RFC 7662 section 2.2), or the truth. */
  strangerLooksUp?: 'inactive' | 'truth'
  /** The answer of the introspection endpoint: a page of HTML, `active:"false"`, or nothing for now (503). */
  introspect?: 'honest' | 'html' | 'text' | 'unavailable'
  /** A refresh token takes its family along. Default: each token for itself. */
  cascade?: boolean
  /**
   * What the door answers to everybody: a status, an "access denied" of JSON-RPC inside a 200, 401 also to living tokens; or it
   * looks at a token's signature only.
   */
  door?: 'honest' | 'access-denied' | 'refuses-everybody' | 'signature-only' | number
}
type Kind = 'access_token' | 'refresh_token'
type Token = { kind: Kind; client: string; family: string; revoked: boolean }
type World = {
  lies: OauthLies
  tokens: Map<string, Token>
  clients: Map<string, string>
  /** Every `token_type_hint` that anybody sent. */
  hints: string[]
  /** Revocations asked for, by client. */
  revocations: string[]
  issuer: string
}
type Answer = { status: number; body?: unknown; type?: string; headers?: Record<string, string> }

/** `agent`: the tokens are issued to it. `curfew` may revoke and look up every token, `stranger` none. */
export const standInClients = ['agent', 'curfew', 'stranger'] as const
export type LyingOauth = Awaited<ReturnType<typeof lyingOauth>>

export const lyingOauth = async (lies: OauthLies = {}) => {
  const clients = new Map(standInClients.map(name => [name as string, randomUUID()]))
  const world: World = { lies, tokens: new Map(), clients, hints: [], revocations: [], issuer: '' }
  const server = await listening(createServer((request, response) => void respond(world, route, request, response)))
  const openDoor = (port: number) =>
    listening(
      createServer((request, response) => void respond(world, atDoor, request, response)),
      port,
    )
  let door: Server | undefined = await openDoor(0)
  const { port } = door.address() as AddressInfo
  world.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secrets = Object.fromEntries(world.clients)
  const add = (token: string, kind: Kind, family: string = randomUUID()) => {
    world.tokens.set(token, { kind, client: 'agent', family, revoked: false })
    return token
  }
  return {
    lies,
    world,
    issuer: world.issuer,
    doorUrl: `http://127.0.0.1:${port}/mcp`,
    client: (name: (typeof standInClients)[number]) => ({ clientId: name, clientSecret: secrets[name] ?? '' }),
    issue: (kind: Kind = 'access_token', family?: string) => add(`opaque-${randomUUID()}`, kind, family),
    /** Shaped like a signed token: some issuers revoke and look up those as well. */
    issueJwt: (expiresAt: number) => add(jwtShape(expiresAt), 'access_token'),
    /** The refresh token is used: it ends, another one takes its place. */
    rotate: (token: string) => {
      const old = world.tokens.get(token)
      if (!old || !lives(world, token)) throw new Error('not a living token')
      old.revoked = true
      return add(`opaque-${randomUUID()}`, old.kind, old.family)
    },
    /** Does anybody honour it at this moment? Not what an endpoint says: the truth. */
    honoured: (token: string) =>
      lives(world, token) || (world.lies.door === 'signature-only' && world.tokens.has(token)),
    deleteClient: (name: string) => void world.clients.delete(name),
    /** Under the same id: what it was issued lives again, where it was never revoked. */
    recreateClient: (name: string) => void world.clients.set(name, secrets[name] ?? ''),
    closeDoor: async () => {
      if (door) await stopped(door)
      door = undefined
    },
    reopenDoor: async () => {
      door ??= await openDoor(port)
    },
    close: async () => {
      if (door) await stopped(door)
      await stopped(server)
    },
  }
}

const lives = ({ tokens, clients }: World, token: string): boolean => {
  const known = tokens.get(token)
  return known !== undefined && !known.revoked && clients.has(known.client)
}

const respond = async (
  world: World,
  answerTo: (world: World, request: IncomingMessage, text: string) => Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  let text = ''
  for await (const chunk of request) text += chunk
  const { status, body, type = 'application/json', headers } = answerTo(world, request, text)
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
}

const route = (world: World, request: IncomingMessage, text: string): Answer => {
  const { issuer } = world
  if (request.url === '/.well-known/oauth-authorization-server') {
    const endpoints = { revocation_endpoint: `${issuer}/revoke`, introspection_endpoint: `${issuer}/introspect` }
    return { status: 200, body: { issuer, response_types_supported: ['code'], ...endpoints } }
  }
  const form = new URLSearchParams(text)
  const hint = form.get('token_type_hint')
  if (hint !== null) world.hints.push(hint)
  const client = callerOf(world, request)
  if (client === undefined) return { status: 401, body: { error: 'invalid_client' } }
  if (request.url === '/revoke') return revoke(world, client, form.get('token') ?? '', hint)
  if (request.url === '/introspect') return introspect(world, client, form.get('token') ?? '')
  return { status: 404 }
}

const callerOf = ({ clients }: World, { headers }: IncomingMessage): string | undefined => {
  const login = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString('utf8')
  const [id = '', secret = ''] = login.split(':').map(decodeURIComponent)
  return secret !== '' && clients.get(id) === secret ? id : undefined
}

const revoke = (world: World, client: string, token: string, hint: string | null): Answer => {
  world.revocations.push(client)
  const { lies, tokens } = world
  const known = tokens.get(token)
  if (lies.revoke === 'unavailable')
    return { status: 503, headers: { 'retry-after': String(lies.retryAfterSeconds ?? 1) } }
  const mayNot = client === 'stranger' && lies.strangerRevokes !== 'obeyed'
  const wrongHint = hint !== null && known !== undefined && hint !== known.kind
  // RFC 7009: a token that is not known is no error. With its client gone the server no longer finds it.
  if (!known || lies.revoke === 'without-effect' || mayNot || wrongHint || !world.clients.has(known.client))
    return { status: 200 }
  known.revoked = true
  if (lies.cascade) for (const one of tokens.values()) if (one.family === known.family) one.revoked = true
  return { status: 200 }
}

const introspect = (world: World, client: string, token: string): Answer => {
  const { lies } = world
  if (lies.introspect === 'html') return { status: 200, body: '<html>Please sign in</html>', type: 'text/html' }
  if (lies.introspect === 'text') return { status: 200, body: { active: 'false' } }
  if (lies.introspect === 'unavailable') return { status: 503 }
  if (client === 'stranger' && lies.strangerLooksUp !== 'truth') return { status: 200, body: { active: false } }
  return { status: 200, body: { active: lives(world, token) } }
}

const atDoor = (world: World, { headers }: IncomingMessage): Answer => {
  const { door = 'honest' } = world.lies
  const token = (headers.authorization ?? '').replace('Bearer ', '')
  if (typeof door === 'number') return { status: door, body: { error: 'not now' } }
  const rpc = { jsonrpc: '2.0', id: 1 }
  if (door === 'access-denied')
    return { status: 200, body: { ...rpc, error: { code: -32_001, message: 'access denied' } } }
  const accepted = door === 'signature-only' ? world.tokens.has(token) : lives(world, token)
  if (!accepted || door === 'refuses-everybody') return { status: 401, body: { error: 'invalid_token' } }
  return { status: 200, body: { ...rpc, result: { protocolVersion: '2025-11-25', capabilities: {} } } }
}

const jwtShape = (expiresAt: number): string => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { jti: randomUUID(), exp: Math.round(expiresAt / 1_000) }
  return [part({ alg: 'RS256', typ: 'at+jwt' }), part(claims), randomUUID().replaceAll('-', '')].join('.')
}

const listening = async (server: Server, port = 0): Promise<Server> => {
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return server
}
const stopped = (server: Server) =>
  new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
