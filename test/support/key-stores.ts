import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { keyApiStoreConfig } from '../../schemas/store-key-api.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { openStore } from '../../services/stores/registry.ts'

/** What makes our hostile product known: this file, and no code. */
export const hostilePreset = path.join(import.meta.dirname, '..', 'presets', 'hostile-keys.yaml')

type Account = { email: string; password: string }

/** Key stores, each with a Redis connection of its own, as a process has; those of one `redisPrefix` share budget and login. */
export const keyStores = (redisUrl: string, id: string) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'curfew-keys-'))
  const seals = sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 7)]]) })
  const opened: { store: Store; redis: Redis }[] = []
  const file = (text: string) => {
    const at = path.join(folder, randomUUID())
    writeFileSync(at, text, { mode: 0o600 })
    return at
  }
  return {
    file,
    /** As in a config file: the account's password lies in a file. */
    config: ({ email, password }: Account, more: Record<string, unknown>) => ({
      id,
      kind: 'key-api' as const,
      parameters: { email },
      secrets: { password: { file: file(password) } },
      ...more,
    }),
    open: (config: Record<string, unknown>, redisPrefix = `test-${randomUUID().slice(0, 8)}`): Store => {
      const redis = new Redis(redisUrl)
      const store = openStore(keyApiStoreConfig.parse(config), {
        redis,
        redisPrefix,
        log: () => undefined,
        sealing: seals,
      })
      opened.push({ store, redis })
      return store
    },
    sealed: (handle: string, value: string): Credential => ({
      kind: 'api.key',
      handle,
      sealed: [seals.seal(credentialId(id, handle), value).blob],
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
