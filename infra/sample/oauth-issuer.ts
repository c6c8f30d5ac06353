import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { errors, Provider } from 'oidc-provider'
import { heldRequests } from './held-requests.ts'
import { oauthMemory } from './oauth-memory.ts'

const scope = 'mcp'
export type OauthClient = { clientId: string; clientSecret: string }
/** `agent` and `rotating` get tokens; `curfew` may revoke and look up theirs; `resource` looks up; `stranger` may nothing. */
export const clientNames = ['agent', 'rotating', 'curfew', 'resource', 'stranger'] as const
export type ClientName = (typeof clientNames)[number]

type Caller = { clientId: string }
type Configured = { resource: string; jwtResource: string; accessSeconds: number; refreshSeconds: number }

/** A real authorization server (oidc-provider 9): opaque tokens for one resource, JWTs for the other. */
export const startIssuer = async (configured: Configured) => {
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end()
  const silence = heldRequests((request, response) => handle(request, response))
  const server = await listen(silence.handler)
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const adapter = oauthMemory()
  const provider = new Provider(issuer, await configuration(adapter, configured))
  handle = provider.callback()
  const clients = Object.fromEntries(
    clientNames.map(name => [name, { clientId: name, clientSecret: randomBytes(24).toString('base64url') }]),
  ) as Record<ClientName, OauthClient>
  const register = ({ clientId, clientSecret }: OauthClient) =>
    adapter('Client').upsert(clientId, {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://agent.example/callback'],
      scope,
    })
  for (const client of Object.values(clients)) await register(client)
  return {
    issuer,
    clients,
    register,
    deleteClient: (name: string) => adapter('Client').destroy(name),
    /** Takes requests and answers none. */
    hold: silence.hold,
    release: silence.release,
    /** As at the end of an authorization code flow: a grant of its own, and its refresh token. */
    mintRefreshToken: async (name: ClientName): Promise<string> => {
      const client = await provider.Client.find(name)
      const grant = new provider.Grant({ accountId: 'agent-user', clientId: name })
      grant.addResourceScope(configured.resource, scope)
      const { resource } = configured
      const more = { accountId: 'agent-user', client, grantId: await grant.save(), gty: 'authorization_code' }
      return new provider.RefreshToken({ ...more, scope, resource }).save()
    },
    close: () => stop(server),
  }
}

const configuration = async (adapter: ReturnType<typeof oauthMemory>, configured: Configured) => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const may = (names: ClientName[], { clientId }: Caller, token: Caller) =>
    clientId === token.clientId || names.some(name => name === clientId)
  return {
    adapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'sample', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    // Without it the refresh grant does not exist here.
    scopes: [scope, 'offline_access'],
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: (context: { oidc: { client: Caller } }) => context.oidc.client.clientId === 'rotating',
    ttl: {
      AccessToken: configured.accessSeconds,
      ClientCredentials: configured.accessSeconds,
      RefreshToken: configured.refreshSeconds,
      Grant: configured.refreshSeconds,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        // A client whom a token does not concern is told "inactive" (RFC 7662 section 2.2).
        allowedPolicy: (_context: unknown, client: Caller, token: Caller) => may(['curfew', 'resource'], client, token),
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: unknown, client: Caller, token: Caller) => {
          if (may(['curfew'], client, token)) return true
          throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => configured.resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope,
          audience: resource,
          accessTokenFormat: resource === configured.jwtResource ? 'jwt' : 'opaque',
        }),
      },
    },
  }
}

export const listen = async (handler: RequestListener, port = 0): Promise<Server> => {
  const server = createServer(handler)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return server
}
export const stop = (server: Server) =>
  new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
