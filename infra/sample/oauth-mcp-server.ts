import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import { mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { mcpSessions } from './mcp-sessions.ts'
import { listen, type OauthClient, stop } from './oauth-issuer.ts'

/** Where an MCP server looks up the tokens that it is shown. Known after the server listens: its address is in the tokens. */
export type TokenAuthority = { issuer: string; client: OauthClient }

/**
 * A real MCP server on the official SDK, with sessions: `/mcp` asks the issuer about the token at every use, `/jwt` checks
 * only its signature, as many do.
 */
export const startMcpServer = async () => {
  const app = createMcpExpressApp()
  const http: Server = await listen(app)
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const sessions = mcpSessions()
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
        app.all(path, requireBearerAuth({ verifier, requiredScopes: ['mcp'] }), sessions.serve)
      }
    },
    broadcast: sessions.broadcast,
    sessions: sessions.count,
    longCalls: sessions.longCalls,
    endLongCalls: sessions.endLongCalls,
    close: async () => {
      await sessions.close()
      await stop(http)
    },
  }
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
