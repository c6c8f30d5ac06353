import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { oauthStoreConfig } from '../../schemas/store-oauth.ts'
import type { OauthServer } from './oauth-server.ts'

/** The issuer as Curfew is told of it: found through its MCP server, which is the door as well; the client's secret in a file. */
export const sampleOauthStore = (
  { clientId, clientSecret, mcpUrl }: OauthServer,
  dir: string,
  survives: string[] = [],
): z.input<typeof oauthStoreConfig> => {
  const clientSecretFile = join(dir, 'oauth-client-secret')
  writeFileSync(clientSecretFile, clientSecret, { mode: 0o600 })
  return { id: 'oauth-local', kind: 'oauth', resource: mcpUrl, door: mcpUrl, clientId, clientSecretFile, survives }
}
