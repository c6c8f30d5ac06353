import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import { listen, stop } from '../../infra/sample/oauth-issuer.ts'
import { type Answer, type Asked, answerOfApi } from './hostile-keys-api.ts'
import { answerOfDoor } from './hostile-keys-door.ts'
import { type Group, hostileLimits } from './hostile-keys-limits.ts'
import { addKey, type HostileKey, hostileWorld, type Lies, lives, noLies, type Where } from './hostile-keys-world.ts'

export type HostileKeys = Awaited<ReturnType<typeof startHostileKeys>>
export type HostileIssue = { name?: string; owner?: string; lifeMs?: number; shown?: boolean }

/**
 * Our own key product, made to be hostile; no real one is as bad in everything. Its API is like that of IBM ContextForge, its
 * lies are those that real products were seen to tell. `world` is what really happened, `lies` is how it answers.
 */
export const startHostileKeys = async (options: { store?: string; lies?: Partial<Lies> } = {}) => {
  const { store = 'hostile-keys' } = options
  const world = hostileWorld()
  const lies: Lies = { ...noLies(), ...options.lies }
  const admin = { email: 'curfew@hostile.example', password: randomUUID() }
  const other = { email: 'other@hostile.example', password: randomUUID() }
  const parts = { world, lies, admin, accounts: [admin, other] }
  const limits = hostileLimits(world, lies)
  const door = (asked: Asked) => answerOfDoor(world, lies, asked)
  const api = (asked: Asked) => answerOfApi(parts, asked)
  const groupOfApi = ({ url }: Asked): Group => (url.pathname === '/v1/login' ? 'login' : 'tokens')
  const handlers = {
    api: serving('api', world, lies, asked => limits(groupOfApi(asked)), api),
    door: serving('door', world, lies, () => limits('door'), door),
  }
  const listeners = { api: await listener(handlers.api), door: await listener(handlers.door) }
  const doorUrl = `${listeners.door.origin}/mcp`
  const issue = ({
    name = `agent-${randomUUID()}`,
    owner = admin.email,
    lifeMs = 86_400_000,
    shown,
  }: HostileIssue = {}) => credential(store, addKey(world, { name, owner, lifeMs }), doorUrl, shown === true)
  return {
    address: listeners.api.origin,
    doorUrl,
    /** An administrator of the product, and the owner of the keys. */
    account: admin,
    other,
    lies,
    world,
    issue,
    issueMany: (count: number, more: HostileIssue = {}) => Array.from({ length: count }, () => issue(more)),
    /** The truth. A door that refuses everybody now does not make a key dead; one that accepts everybody opens to all. */
    opens: (id: string): boolean => {
      const key = world.keys.get(id)
      return lies.doorSays === 'accept-everybody' || (key !== undefined && lives(key))
    },
    ...switchesOf(listeners),
  }
}

type Listener = { origin: string; up(): Promise<void>; down(): Promise<void> }
const switchesOf = (listeners: Record<Where, Listener>) => {
  const meant = (where: Where | 'both') => (where === 'both' ? Object.values(listeners) : [listeners[where]])
  const goDown = async (where: Where | 'both' = 'both') => {
    for (const one of meant(where)) await one.down()
  }
  /** Listens again at the same ports. */
  const comeUp = async (where: Where | 'both' = 'both') => {
    for (const one of meant(where)) await one.up()
  }
  /** Down: connections are refused. */
  return { goDown, comeUp, close: () => goDown() }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const listener = async (handler: Handler): Promise<Listener> => {
  let server: Server | undefined = await listen(handler)
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    up: async () => {
      server ??= await listen(handler, port)
    },
    down: async () => {
      if (server) await stop(server)
      server = undefined
    },
  }
}

const serving =
  (
    where: Where,
    world: ReturnType<typeof hostileWorld>,
    lies: Lies,
    limit: (asked: Asked) => Answer | undefined,
    answerOf: (asked: Asked) => Answer,
  ): Handler =>
  (request, response) => {
    const call = { where, method: request.method ?? '', path: request.url ?? '', status: 0, at: Date.now() }
    world.calls.push(call)
    const send = ({ status, body, headers = {} }: Answer) => {
      call.status = status
      const type = typeof body === 'string' ? 'text/html' : 'application/json'
      response.writeHead(status, body === undefined ? headers : { 'content-type': type, ...headers })
      response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
    }
    const answer = (asked: Asked) => {
      const { html, hang, slowMs } = lies.where === 'both' || lies.where === where ? lies : noLies()
      const refused = limit(asked)
      if (refused) return send(refused)
      if (hang === 'nothing-done') return
      if (html) return send({ status: 200, body: '<!doctype html><title>Sign in</title>' })
      const answer = answerOf(asked)
      if (hang === 'done') return
      if (slowMs > 0) setTimeout(send, slowMs, answer).unref()
      else send(answer)
    }
    // A caller who goes away while it asks gets nothing.
    readAsked(request).then(answer, () => response.destroy())
  }

const readAsked = async (request: IncomingMessage): Promise<Asked> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const bearer = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const url = new URL(request.url ?? '/', 'http://hostile.example')
  return { method: request.method ?? '', url, bearer, body: objectOf(Buffer.concat(parts).toString()) }
}

const objectOf = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const credential = (store: string, key: HostileKey, doorUrl: string, shown: boolean): SampleCredential => {
  const { id, value, expiresAtMs } = key
  const attempt = () => tryMcp(doorUrl, value)
  return {
    grant: { store, kind: 'api.key', handle: id, expiresAt: new Date(expiresAtMs).toISOString(), renewable: false },
    values: [value],
    ...(shown ? { shown: value } : {}),
    use: async () => (await attempt()).seen,
    try: attempt,
  }
}
