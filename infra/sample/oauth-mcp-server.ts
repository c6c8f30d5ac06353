import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import { mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { listen, type OauthClient, stop } from './oauth-issuer.ts'

/** Where an MCP server looks up the tokens that it is shown. Known after the server listens: its address is in the tokens. */
export type TokenAuthority = { issuer: string; client: OauthClient }
/** Calls of the tool `wait`: each runs until it is told to end. */
type LongCalls = Set<() => void>
type Session = { transport: StreamableHTTPServerTransport; server: McpServer }
type Request = IncomingMessage & { body?: unknown }

/**
 * A real MCP server on the official SDK, with sessions: `/mcp` asks the issuer about the token at every use, `/jwt` checks
 * only its signature, as many do.
 */
export const startMcpServer = async () => {
  const app = createMcpExpressApp()
  const http: Server = await listen(app)
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const sessions = new Map<string, Session>()
  const longCalls: LongCalls = new Set()
  const endLongCalls = () => {
    for (const end of longCalls) end()
  }
  const serve = (request: Request, response: ServerResponse) => serveSession(sessions, longCalls, request, response)
  return {
    mcpUrl: `${origin}/mcp`,
    jwtUrl: `${origin}/jwt`,
    /** Opens the doors, once the issuer is there. */
    guard: async (authority: TokenAuthority) => {
      const metadata = await fetch(`${authority.issuer}/.well-known/oauth-authorization-server`)
      const oauthMetadata = (await metadata.json()) as never
      const doors = {
        '/mcp': introspecting(authority, `${origin}/mcp`),
        '/jwt': signatureOnly(authority, `${origin}/jwt`),
      }
      for (const [path, verifier] of Object.entries(doors)) {
        const resourceServerUrl = new URL(origin + path)
        app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl, scopesSupported: ['mcp'] }))
        app.all(path, requireBearerAuth({ verifier, requiredScopes: ['mcp'] }), serve)
      }
    },
    /** Something happens at the server: sent to every open stream. */
    broadcast: async (text: string) => {
      for (const { server } of sessions.values()) await server.sendLoggingMessage({ level: 'info', data: text })
    },
    sessions: () => sessions.size,
    /** How many calls of `wait` are running. */
    longCalls: () => longCalls.size,
    endLongCalls,
    close: async () => {
      endLongCalls()
      for (const { server } of sessions.values()) await server.close()
      await stop(http)
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

const introspecting = ({ issuer, client }: TokenAuthority, audience: string): OAuthTokenVerifier => ({
  verifyAccessToken: async token => {
    const login = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
    const answer = await fetch(`${issuer}/token/introspection`, {
      method: 'POST',
      headers: { authorization: `Basic ${login}` },
      body: new URLSearchParams({ token }),
    })
    const said = (await answer.json()) as Record<string, unknown>
    // A JWT is "unsupported" to this issuer: nothing that this door accepts.
    if (said.error !== 'unsupported_token_type' && answer.status !== 200) throw new Error('the issuer does not answer')
    if (said.active !== true || said.aud !== audience)
      throw new InvalidTokenError('not an active token for this server')
    return {
      token,
      clientId: String(said.client_id),
      scopes: String(said.scope).split(' '),
      expiresAt: Number(said.exp),
    }
  },
})

const signatureOnly = ({ issuer }: TokenAuthority, audience: string): OAuthTokenVerifier => {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  return {
    verifyAccessToken: async token => {
      const { payload } = await jwtVerify(token, keys, { issuer, audience }).catch(() => {
        throw new InvalidTokenError('not a token for this server')
      })
      const { client_id, scope, exp } = payload
      return { token, clientId: String(client_id), scopes: String(scope).split(' '), expiresAt: Number(exp) }
    },
  }
}
