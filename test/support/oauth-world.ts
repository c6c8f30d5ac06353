import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import type { OauthClient } from '../../infra/sample/oauth-issuer.ts'
import { oauthStoreConfig } from '../../schemas/store-oauth.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { openStore } from '../../services/stores/registry.ts'

/** OAuth stores, each with a Redis connection of its own, as a process has, and the sealing that intake would do. */
export const oauthStores = (redisUrl: string) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'curfew-oauth-'))
  const opened: { store: Store; redis: Redis }[] = []
  const ring = { current: 's1', keys: new Map([['s1', Buffer.alloc(32, 7)]]) }
  const seals = sealing(ring)
  const secretFile = ({ clientId, clientSecret }: OauthClient) => {
    const file = path.join(folder, `${clientId}-${randomUUID()}`)
    writeFileSync(file, clientSecret, { mode: 0o600 })
    return { clientId, clientSecretFile: file }
  }
  return {
    folder,
    secretFile,
    open: (client: OauthClient, changes: Record<string, unknown>, open = seals.open): Store => {
      const redis = new Redis(redisUrl)
      const config = oauthStoreConfig.parse({ id: 'oauth-local', kind: 'oauth', ...secretFile(client), ...changes })
      const redisPrefix = `test-${randomUUID().slice(0, 8)}`
      const store = openStore(config, { redis, redisPrefix, log: () => undefined, sealing: { ...seals, open } })
      opened.push({ store, redis })
      return store
    },
    /** As the facts would give it to the store. */
    sealed: (kind: Credential['kind'], handle: string, token: string): Credential => ({
      kind,
      handle,
      sealed: [seals.seal(credentialId('oauth-local', handle), token).blob],
      valueSealed: true,
    }),
    close: async () => {
      for (const { store, redis } of opened) {
        await store.close()
        await redis.quit()
      }
      rmSync(folder, { recursive: true })
    },
  }
}
