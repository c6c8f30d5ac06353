import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { config } from '../../schemas/config.ts'
import type { StackAddresses } from '../stack/addresses.ts'
import { sampleAwsStore, sampleSecrets } from './aws-secrets.ts'
import { startEnvKeyMcpServer } from './env-key-mcp-server.ts'
import type { SampleCredential } from './issuer.ts'
import { startKeyProduct } from './key-product.ts'
import { tryMcp } from './oauth-doors.ts'
import { startOauthServer } from './oauth-server.ts'
import { sampleOauthStore } from './oauth-store.ts'
import { openRegisteredSecrets } from './registered-secrets.ts'

type StoreInput = z.input<typeof config>['stores'][number]
/** Registered secrets: the key of a notes server, read by each session, and that of a search server, which leaks. */
export const registeredNames = ['notes-key', 'search-key'] as const
export type RegisteredName = (typeof registeredNames)[number]
export type OtherStores = Awaited<ReturnType<typeof openOtherStores>>

/** What outlives a kill at an MCP server on the official SDK: seen, test/e2e/mcp-door.test.ts. */
const survives = [
  'streams that were open before: until their client or the server closes them',
  'calls in flight: until they end',
]
/** Our sample products limit nobody; the presets' own budgets are those of a product in production. */
const unlimited = { calls: 1_000, perSeconds: 1 }

/**
 * Everything beside Vault and PostgreSQL: an OAuth issuer and an MCP server behind it, a key product and an MCP server behind that, a
 * legacy MCP server that knows one key, and secrets in AWS. In this process but for the AWS emulator, which is the stack's.
 */
export const openOtherStores = async (addresses: StackAddresses, dir: string) => {
  const oauth = await startOauthServer()
  const keys = await startKeyProduct()
  const standingKey = randomBytes(18).toString('base64url')
  const legacy = await startEnvKeyMcpServer({ key: standingKey })
  const secrets = sampleSecrets(addresses)
  const registered = await openRegisteredSecrets(addresses, registeredNames)
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  const stores: StoreInput[] = [
    sampleOauthStore(oauth, dir, survives),
    {
      id: 'mcp-keys',
      kind: 'key-api',
      preset: 'better-auth',
      address: keys.address,
      door: keys.mcpUrl,
      parameters: { email: keys.account.email },
      secrets: { password: { file: file('mcp-keys-password', keys.account.password) } },
      budgets: { login: unlimited, api: unlimited, door: unlimited },
    },
    sampleAwsStore(addresses, dir),
    { id: 'legacy-mcp', kind: 'standing' },
    ...registered.stores,
  ]
  return {
    stores,
    /** The registry of the config. */
    registry: registered.secrets,
    registered: registered.read,
    oauth,
    keys,
    secrets,
    oauthToken: () => oauth.issueAccessToken(),
    jwt: () => oauth.issueJwt(),
    mcpKey: () => keys.issueKey({ shown: true }),
    /** A secret of the session that holds an MCP key of its own. */
    secret: async (session: string) => secrets.holding(session, await keys.issueKey({ shown: true })),
    sharedVersion: async () => secrets.sharedVersion(await keys.issueKey()),
    standingKey: (): SampleCredential => {
      const attempt = () => tryMcp(legacy.mcpUrl, standingKey)
      const handle = `notes-server-${randomBytes(4).toString('hex')}`
      const grant = { store: 'legacy-mcp', kind: 'standing.key', handle, renewable: false } as const
      return { grant, values: [standingKey], use: async () => (await attempt()).seen, try: attempt }
    },
    close: async () => {
      await registered.close()
      await legacy.close()
      await keys.close()
      await oauth.close()
    },
  }
}
