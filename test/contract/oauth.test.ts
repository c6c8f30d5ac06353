import { randomUUID } from 'node:crypto'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import type { Credential } from '../../services/pipeline/ports.ts'
import { oauthStores } from '../support/oauth-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

type Kind = { kind: Credential['kind']; door: boolean; issue(server: OauthServer): Promise<SampleCredential> }
const kinds: Record<string, Kind> = {
  'OAuth access tokens': { kind: 'oauth.access-token', door: false, issue: server => server.issueAccessToken() },
  'OAuth access tokens, used at an MCP server as well': {
    kind: 'oauth.access-token',
    door: true,
    issue: server => server.issueAccessToken(),
  },
  'OAuth refresh tokens': { kind: 'oauth.refresh-token', door: false, issue: server => server.issueRefreshToken() },
}

for (const [name, { kind, door, issue }] of Object.entries(kinds))
  storeContract({
    name,
    make: async () => {
      const server = await startOauthServer()
      const stores = oauthStores((await sharedStack()).addresses.redisUrl)
      const { clients, issuer, mcpUrl } = server
      const found = door ? { resource: mcpUrl, door: mcpUrl } : { issuer }
      return {
        store: stores.open(clients.curfew, found),
        issue: async () => {
          const { grant, shown = '', use } = await issue(server)
          const opens = async () => {
            const seen = await use()
            if (seen === 'unknown') throw new Error('the door does not answer')
            return seen === 'accepted'
          }
          return { credential: stores.sealed(kind, grant.handle, shown), value: shown, opens }
        },
        unknown: stores.sealed(kind, 'nobody-issued-this', randomUUID()),
        unreachable: stores.open(clients.curfew, { issuer: 'http://127.0.0.1:9' }),
        refused: stores.open({ ...clients.curfew, clientSecret: 'not its secret' }, { issuer }),
        missingPath: '/token/revocation',
        close: async () => {
          await stores.close()
          await server.close()
        },
      }
    },
  })
