import { randomUUID } from 'node:crypto'
import type { CredentialKind } from '../../schemas/grant.ts'
import type { Tried } from './doors.ts'
import type { SampleCredential } from './issuer.ts'
import { tokenRequest, tryMcp, tryRefresh } from './oauth-doors.ts'
import { type ClientName, type OauthClient, startIssuer } from './oauth-issuer.ts'
import { startMcpServer } from './oauth-mcp-server.ts'

export type OauthServer = Awaited<ReturnType<typeof startOauthServer>>
/** Rotated: the old refresh token is used up, its successor lives. */
export type Rotated = { access: SampleCredential; refresh: SampleCredential }

/**
 * A real authorization server and real MCP servers behind it, all in this process. `store`: the id under which Curfew knows
 * the issuer; it revokes as client `clientId`.
 */
export const startOauthServer = async (
  options: { store?: string; accessSeconds?: number; refreshSeconds?: number } = {},
) => {
  const { store = 'oauth-local', accessSeconds = 3_600, refreshSeconds = 86_400 } = options
  const mcp = await startMcpServer()
  const { mcpUrl, jwtUrl } = mcp
  const server = await startIssuer({ resource: mcpUrl, jwtResource: jwtUrl, accessSeconds, refreshSeconds })
  const { issuer, clients } = server
  await mcp.guard({ issuer, client: clients.resource })

  const made = (kind: CredentialKind, token: string, seconds: number, attempt: () => Promise<Tried>, more = {}) =>
    credential(store, kind, token, seconds, attempt, more)
  const accessToken = (token: string, url = mcpUrl) =>
    made('oauth.access-token', token, accessSeconds, () => tryMcp(url, token))
  const refreshToken = (client: OauthClient, token: string, more = {}) =>
    made('oauth.refresh-token', token, refreshSeconds, () => tryRefresh(issuer, client, token), more)
  const issue = async (client: OauthClient, resource: string) => {
    const form = { grant_type: 'client_credentials', scope: 'mcp', resource }
    return tokenOf(await tokenRequest(issuer, client, form), 'access_token')
  }
  return {
    issuer,
    mcpUrl,
    jwtUrl,
    resource: mcpUrl,
    ...clients.curfew,
    clients,
    mcp,
    deleteClient: server.deleteClient,
    hold: server.hold,
    release: server.release,
    /** Under its id and with its secret, again. */
    registerClient: (name: ClientName) => server.register(clients[name]),
    issueAccessToken: async (client = clients.agent) => accessToken(await issue(client, mcpUrl)),
    /** Accepted by `jwtUrl`, which checks only its signature. */
    issueJwt: async () => accessToken(await issue(clients.agent, jwtUrl), jwtUrl),
    issueRefreshToken: async () => refreshToken(clients.agent, await server.mintRefreshToken('agent')),
    /** Each use makes a successor. Its `use` is a use: for tests that want that. */
    issueRotatingToken: async () => refreshToken(clients.rotating, await server.mintRefreshToken('rotating')),
    rotate: async (old: SampleCredential): Promise<Rotated> => {
      const form = { grant_type: 'refresh_token', refresh_token: old.shown ?? '' }
      const reply = await tokenRequest(issuer, clients.rotating, form)
      const replaces = old.grant.handle
      return {
        access: accessToken(tokenOf(reply, 'access_token')),
        refresh: refreshToken(clients.rotating, tokenOf(reply, 'refresh_token'), { replaces }),
      }
    },
    close: async () => {
      await mcp.close()
      await server.close()
    },
  }
}

const tokenOf = ({ status, body }: { status: number; body: Record<string, unknown> }, name: string): string => {
  const token = body[name]
  if (typeof token !== 'string')
    throw new Error(
      `the sample issuer answered ${status} ${String(body.error)} ${String(body.error_description ?? '')}`,
    )
  return token
}

const credential = (
  store: string,
  kind: CredentialKind,
  token: string,
  seconds: number,
  attempt: () => Promise<Tried>,
  more: { replaces?: string },
): SampleCredential => ({
  grant: {
    store,
    kind,
    // The issuer's own name for a token is the token: this one says nothing.
    handle: `${kind.slice('oauth.'.length)}-${randomUUID()}`,
    expiresAt: new Date(Date.now() + seconds * 1_000).toISOString(),
    renewable: false,
    ...more,
  },
  values: [token],
  shown: token,
  use: async () => (await attempt()).seen,
  try: attempt,
})
