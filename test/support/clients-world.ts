import { randomUUID } from 'node:crypto'
import { keptSecret } from '../../infra/sample/kept-secret.ts'
import { type RegistrationServer, startRegistrationServer } from '../../infra/sample/registration-server.ts'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import { oauthClientsStoreConfig } from '../../schemas/store-oauth-clients.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { databaseWorld } from './database-world.ts'

const id = 'mcp-clients'

/** A real authorization server that registers clients, and stores that may, each client behind a secret in Vault's KV. */
export const clientsWorld = async (
  addresses: StackAddresses,
  options: Parameters<typeof startRegistrationServer>[0] = {},
) => {
  const database = await databaseWorld(addresses)
  const server: RegistrationServer = await startRegistrationServer(options)
  const { seals, opened, file, keeper } = database
  const sealed = (handle: string, value: string) => seals.seal(credentialId(id, handle), value).blob
  return {
    server,
    seals,
    keeper,
    config: { id, kind: 'oauth-clients' as const, issuer: server.issuer },
    /** `reads`: what it takes a sealed value for. */
    open: (changes: object = {}, reads = (value: string) => value): Store =>
      opened(
        oauthClientsStoreConfig.parse({
          id,
          kind: 'oauth-clients',
          issuer: server.issuer,
          initialAccessTokenFile: file(server.initialAccessToken),
          ...changes,
        }),
        { ...seals, open: (cid, blob) => withValue(seals.open(cid, blob), reads) },
      ),
    file,
    /** An empty secret: its first version comes with the first rotation. */
    kept: () => keptSecret(addresses, `rotated/${randomUUID()}`),
    secretOf: (name: string) =>
      secretConfig.parse({
        id: `one-${randomUUID().slice(0, 8)}`,
        tenant: 'acme',
        keeper: { store: 'vault-kv', name, fields: { value: 'client_secret' } },
        issuer: { store: id, kind: 'oauth.client' },
        overlapMs: 0,
      }),
    credential: (handle: string, ...values: (string | undefined)[]): Credential => ({
      kind: 'oauth.client',
      handle,
      sealed: values.flatMap(value => (value === undefined ? [] : [sealed(handle, value)])),
      valueSealed: true,
    }),
    accepts: async (data: Record<string, string>): Promise<boolean> => {
      const seen = await server.use(data.client_id ?? '', data.client_secret ?? '')
      if (seen === 'unknown') throw new Error('the authorization server did not answer')
      return seen === 'accepted'
    },
    close: async () => {
      await database.close()
      await server.close()
    },
  }
}
const withValue = (value: string | undefined, reads: (value: string) => string) =>
  value === undefined ? undefined : reads(value)
export type ClientsWorld = Awaited<ReturnType<typeof clientsWorld>>
