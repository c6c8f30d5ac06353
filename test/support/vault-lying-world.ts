import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { vaultStoreConfig } from '../../schemas/store-vault.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { openStore } from '../../services/stores/registry.ts'
import { type Lies, lyingVault } from './lying-vault.ts'

/** The store in front of the stand-in. Each `open` has a Redis connection of its own, as a process has. */
export const lyingWorld = async (redisUrl: string, lies: Lies = {}, changes: Record<string, unknown> = {}) => {
  const vault = await lyingVault(lies)
  const folder = await mkdtemp(path.join(tmpdir(), 'curfew-lying-world-'))
  const secretIdFile = path.join(folder, 'secret-id')
  await writeFile(secretIdFile, 'secret-id-of-the-stand-in', { mode: 0o600 })
  const redisPrefix = `test-${randomUUID().slice(0, 8)}`
  const events: { event: string }[] = []
  const opened: { store: Store; redis: Redis }[] = []
  const config = vaultStoreConfig.parse({
    id: 'lying',
    kind: 'vault',
    address: vault.address,
    auth: { roleId: 'role', secretIdFile },
    ...changes,
  })
  const open = () => {
    const redis = new Redis(redisUrl)
    const store = openStore(config, {
      redis,
      redisPrefix,
      log: event => void events.push(event as { event: string }),
      sealing: { seal: () => ({ id: '', blob: '' }), open: () => undefined },
    })
    opened.push({ store, redis })
    return store
  }
  return {
    vault,
    store: open(),
    open,
    events,
    close: async () => {
      for (const { store, redis } of opened) {
        await store.close()
        await redis.quit()
      }
      await vault.close()
      await rm(folder, { recursive: true })
    },
  }
}
export type LyingWorld = Awaited<ReturnType<typeof lyingWorld>>
