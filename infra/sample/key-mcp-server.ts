import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { mcpSessions } from './mcp-sessions.ts'
import { listen, stop } from './oauth-issuer.ts'

/** Whether a key opens the door now: asked at every use. */
export type KeyGuard = (key: string) => boolean | Promise<boolean>

/** A real MCP server on the official SDK behind `authorization: Bearer <key>`; 401 to every key that the guard refuses. */
export const startKeyMcpServer = async ({ accepts, port = 0 }: { accepts: KeyGuard; port?: number }) => {
  const app = createMcpExpressApp()
  const sessions = mcpSessions()
  app.all('/mcp', guarded(accepts), sessions.serve)
  const http = await listen(app, port)
  return {
    mcpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    broadcast: sessions.broadcast,
    sessions: sessions.count,
    close: async () => {
      await sessions.close()
      await stop(http)
    },
  }
}

const guarded =
  (accepts: KeyGuard) =>
  async (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
    try {
      if (await accepts(bearerOf(request))) return next()
    } catch (error) {
      return next(error)
    }
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer error="invalid_token"' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'Unauthorized' } }))
  }

const bearerOf = ({ headers }: IncomingMessage) => /^bearer (.*)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
