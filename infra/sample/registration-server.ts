import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import type { Door } from './doors.ts'
import { tokenRequest } from './oauth-doors.ts'
import { listen, stop } from './oauth-issuer.ts'
import { oauthMemory } from './oauth-memory.ts'

/** A real authorization server (oidc-provider 9) that registers clients (RFC 7591) and lets them be managed (RFC 7592). */
export const startRegistrationServer = async ({ replacesTokens = false, manages = true, open = false } = {}) => {
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end()
  const server = await listen((request, response) => handle(request, response))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const initialAccessToken = randomBytes(24).toString('base64url')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const adapter = oauthMemory()
  const provider = new Provider(issuer, {
    adapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'sample', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['mcp'],
    ttl: { ClientCredentials: 60 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      registration: {
        enabled: true,
        ...(open ? {} : { initialAccessToken }),
        issueRegistrationAccessToken: manages,
      },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: replacesTokens },
    },
  })
  handle = provider.callback()
  return {
    issuer,
    initialAccessToken,
    /** One token request, as a client makes it all the time. */
    use: async (clientId: string, clientSecret: string): Promise<Door> => {
      const { status, body } = await tokenRequest(
        issuer,
        { clientId, clientSecret },
        { grant_type: 'client_credentials' },
      )
      return status === 200 ? 'accepted' : status === 401 && body.error === 'invalid_client' ? 'refused' : 'unknown'
    },
    /** As a human does it, who keeps nothing that manages it. */
    registerByHand: async (): Promise<{ clientId: string; clientSecret: string }> => {
      const answer = await fetch(`${issuer}/reg`, {
        method: 'POST',
        headers: { authorization: `Bearer ${initialAccessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }),
      })
      const { client_id, client_secret } = (await answer.json()) as { client_id: string; client_secret: string }
      return { clientId: client_id, clientSecret: client_secret }
    },
    /** The server's own record of a client. */
    client: async (id: string) => adapter('Client').find(id),
    clientIds: () => adapter.ids('Client'),
    close: () => stop(server),
  }
}
export type RegistrationServer = Awaited<ReturnType<typeof startRegistrationServer>>
