import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'
import type { z } from 'zod'
import { listen, stop } from '../../infra/sample/oauth-issuer.ts'
import { oauthMemory } from '../../infra/sample/oauth-memory.ts'
import { oidcIssuer } from '../../schemas/api-oidc.ts'

export const audience = 'https://curfew.example/api'
const clientSecret = randomBytes(24).toString('base64url')
type Claims = Record<string, unknown>

/** A real issuer (oidc-provider) whose JWT access tokens carry what `people` says of each client. */
export const startOidcWorld = async (people: Record<string, Claims>) => {
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end()
  const server = await listen((request, response) => handle(request, response))
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const adapter = oauthMemory()
  for (const id of Object.keys(people))
    await adapter('Client').upsert(id, {
      client_id: id,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    })
  const provider = new Provider(issuer, {
    adapter,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['x'] },
    ttl: { ClientCredentials: 600 },
    extraTokenClaims: (_context: unknown, token: { clientId: string }) => people[token.clientId],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: '',
          audience: resource,
          accessTokenFormat: 'jwt',
        }),
      },
    },
  })
  handle = provider.callback()
  let closed = false
  const close = async () => {
    if (!closed) await stop(server)
    closed = true
  }
  return {
    issuer,
    publicKey,
    configured: (change: Partial<z.input<typeof oidcIssuer>> = {}) =>
      oidcIssuer.parse({
        id: 'corp',
        issuer,
        audience,
        roles: { 'on-call': ['viewer', 'replayer', 'revoker'], lead: 'approver' },
        tenantClaim: 'tenant',
        ...change,
      }),
    /** As a person's client gets it. */
    token: async (client: string, resource = audience): Promise<string> => {
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client}:${clientSecret}`)}`, connection: 'close' },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
      })
      const { access_token: token } = (await answer.json()) as { access_token?: string }
      if (token === undefined) throw new Error(`the issuer answered ${answer.status}`)
      return token
    },
    /** Signed by the issuer's own key: what a careless issuer, or another of its clients, might hold. */
    forge: (claims: Claims, header: { kid?: string; typ?: string } = {}, key: CryptoKey | Uint8Array = privateKey) =>
      new SignJWT({ iss: issuer, aud: audience, sub: 'mallory', tenant: 'acme', roles: ['on-call'], ...claims })
        .setProtectedHeader({ alg: key === privateKey ? 'RS256' : 'HS256', kid: 'one', typ: 'at+jwt', ...header })
        .sign(key),
    close,
  }
}
