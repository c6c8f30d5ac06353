import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

/** Calls of the tool `wait`: each runs until it is told to end. */
type LongCalls = Set<() => void>
type Session = { transport: StreamableHTTPServerTransport; server: McpServer }
type Request = IncomingMessage & { body?: unknown }

/** The sessions of a real MCP server on the official SDK, which does not bind a session to the credential that began it. */
export const mcpSessions = () => {
  const sessions = new Map<string, Session>()
  const longCalls: LongCalls = new Set()
  const endLongCalls = () => {
    for (const end of longCalls) end()
  }
  return {
    serve: (request: Request, response: ServerResponse) => serveSession(sessions, longCalls, request, response),
    /** Something happens at the server: sent to every open stream. */
    broadcast: async (text: string) => {
      for (const { server } of sessions.values()) await server.sendLoggingMessage({ level: 'info', data: text })
    },
    count: () => sessions.size,
    /** How many calls of `wait` are running. */
    longCalls: () => longCalls.size,
    endLongCalls,
    close: async () => {
      endLongCalls()
      for (const { server } of sessions.values()) await server.close()
    },
  }
}

const serveSession = async (
  sessions: Map<string, Session>,
  longCalls: LongCalls,
  request: Request,
  response: ServerResponse,
) => {
  const id = request.headers['mcp-session-id']
  const known = typeof id === 'string' ? sessions.get(id) : undefined
  if (typeof id === 'string' && !known) return void response.writeHead(404).end()
  const session = known ?? (await newSession(sessions, longCalls))
  await session.transport.handleRequest(request, response, request.body)
}

const newSession = async (sessions: Map<string, Session>, longCalls: LongCalls): Promise<Session> => {
  const server = new McpServer({ name: 'sample', version: '1' }, { capabilities: { logging: {} } })
  server.registerTool('whoami', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: 'an agent' }],
  }))
  server.registerTool('wait', { description: 'Runs for as long as it is let' }, async () => {
    await new Promise<void>(resolve => {
      const end = () => {
        longCalls.delete(end)
        resolve()
      }
      longCalls.add(end)
    })
    return { content: [{ type: 'text', text: 'ran to its end' }] }
  })
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: id => void sessions.set(id, { transport, server }),
    onsessionclosed: id => void sessions.delete(id),
  })
  await server.connect(transport as never)
  return { transport, server }
}
