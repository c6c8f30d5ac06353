import { type Answer, type Asked, detail } from './hostile-keys-api.ts'
import { acceptedByAWorker, type HostileWorld, type Lies } from './hostile-keys-world.ts'

/** The MCP server behind the keys: no more of the protocol than a probe needs, in JSON, without sessions. */
export const answerOfDoor = (world: HostileWorld, lies: Lies, { method, url, bearer, body }: Asked): Answer => {
  if (url.pathname !== '/mcp') return detail(404, 'Not Found')
  if (lies.doorSays === 'refuse-everybody') return detail(401, 'Invalid token')
  const accepted = lies.doorSays === 'accept-everybody' || opened(world, bearer)
  const odd = oddAnswer(lies.doorSays, body.id)
  if (odd && (accepted || lies.doorSaysTo === 'everybody')) return odd
  if (!accepted) return detail(401, isKnown(world, bearer) ? 'Token has been revoked' : 'Invalid token')
  return method === 'POST' ? mcpAnswer(body) : detail(405)
}

const opened = ({ keys }: HostileWorld, bearer: string) => {
  const key = [...keys.values()].find(({ value }) => value === bearer)
  return key !== undefined && acceptedByAWorker(key)
}
const isKnown = ({ keys }: HostileWorld, bearer: string) => [...keys.values()].some(({ value }) => value === bearer)

const oddAnswer = (says: Lies['doorSays'], id: unknown): Answer | undefined => {
  if (says === 403) return detail(403, 'Insufficient permissions')
  if (says === 404) return detail(404, 'Server not found')
  if (says === 429) return { ...detail(429, 'Rate limit exceeded'), headers: { 'retry-after': '1' } }
  if (says === 'access denied') return rpc(id, { error: { code: -32_000, message: 'Access denied' } })
  return undefined
}

const mcpAnswer = ({ id, method, params }: Asked['body']): Answer => {
  if (id === undefined) return { status: 202 }
  const { protocolVersion = '2025-11-25' } = (params ?? {}) as { protocolVersion?: string }
  const serverInfo = { name: 'hostile', version: '1' }
  if (method === 'initialize') return rpc(id, { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } })
  const tools = [{ name: 'whoami', inputSchema: { type: 'object' } }]
  if (method === 'tools/list') return rpc(id, { result: { tools } })
  if (method === 'tools/call') return rpc(id, { result: { content: [{ type: 'text', text: 'an agent' }] } })
  return rpc(id, { error: { code: -32_601, message: 'Method not found' } })
}

const rpc = (id: unknown, rest: object): Answer => ({ status: 200, body: { jsonrpc: '2.0', id: id ?? null, ...rest } })
