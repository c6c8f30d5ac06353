import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { z } from 'zod'
import { type KeptSecret, keptSecret } from '../../infra/sample/kept-secret.ts'
import { startKeyProduct } from '../../infra/sample/key-product.ts'
import { startStaticKeyServer } from '../../infra/sample/static-key-server.ts'
import { type SecretConfig, secretConfig } from '../../schemas/secrets.ts'
import { storeConfig } from '../../schemas/stores.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { openStore } from '../../services/stores/registry.ts'
import { sharedStack } from './stack.ts'

type StoreInput = z.input<typeof storeConfig>
type Made = {
  secret: SecretConfig
  issuer: Store
  kept: KeptSecret
  accepts(value: string): Promise<boolean>
  close(): Promise<void>
}

/**
 * A registered secret in the real Vault's KV, and the real issuer of what is in it, both opened as the product opens them: a key product
 * that issues under names, or a server that is told its keys by a hook.
 */
export const rotatedKeys = async () => {
  const { addresses } = await sharedStack()
  const folder = mkdtempSync(join(tmpdir(), 'curfew-rotated-'))
  const seals = sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 7)]]) })
  const opened: { store: Store; redis: Redis }[] = []
  const file = (text: string) => {
    const name = join(folder, randomUUID())
    writeFileSync(name, text, { mode: 0o600 })
    return name
  }
  const open = (config: StoreInput): Store => {
    const redis = new Redis(addresses.redisUrl)
    const redisPrefix = `test-${randomUUID().slice(0, 8)}`
    const store = openStore(storeConfig.parse(config), { redis, redisPrefix, log: () => undefined, sealing: seals })
    opened.push({ store, redis })
    return store
  }
  const { vault } = addresses
  const keeper = open({
    id: 'vault-kv',
    kind: 'vault-kv',
    address: vault.address,
    caFile: vault.caFile,
    auth: { roleId: vault.rotatorRoleId, secretIdFile: file(vault.rotatorSecretId) },
  })
  const product = await startKeyProduct()
  const plenty = { calls: 1_000, perSeconds: 1 }
  const keys = open({
    id: 'mcp-keys',
    kind: 'key-api',
    preset: 'better-auth',
    address: product.address,
    parameters: { email: product.account.email },
    secrets: { password: { file: file(product.account.password) } },
    budgets: { login: plenty, api: plenty, door: plenty },
    door: product.mcpUrl,
  })
  const secretOf = (issuer: { store: string; kind: 'api.key' | 'standing.key' }, kept: KeptSecret) =>
    secretConfig.parse({
      // Its issuer's names are made of it.
      id: `one-${randomUUID().slice(0, 8)}`,
      tenant: 'acme',
      keeper: { store: 'vault-kv', name: kept.name },
      issuer,
      overlapMs: 0,
    })
  return {
    keeper,
    seals,
    open,
    folder,
    /** The issuer of `product`, its keys and whether one opens its door. */
    keys: { store: keys, issueKey: product.issueKey, opens: product.opens },
    product: async (): Promise<Made> => {
      const kept = await keptSecret(addresses, `rotated/${randomUUID()}`)
      const first = await product.issueKey()
      await kept.write({ value: first.values[0] ?? '', handle: first.grant.handle })
      const secret = secretOf({ store: 'mcp-keys', kind: 'api.key' }, kept)
      return { secret, issuer: keys, kept, accepts: product.opens, close: kept.close }
    },
    server: async (): Promise<Made> => {
      const kept = await keptSecret(addresses, `rotated/${randomUUID()}`)
      await kept.write({ value: `first-${randomUUID()}` })
      const server = await startStaticKeyServer({
        current: async () => (await kept.read())?.value,
        staged: async () => (await kept.staged())?.value,
      })
      const issuer = open({ id: 'mcp-server', kind: 'standing', door: server.mcpUrl, hook: { url: server.hookUrl } })
      return {
        secret: secretOf({ store: 'mcp-server', kind: 'standing.key' }, kept),
        issuer,
        kept,
        accepts: value => Promise.resolve(server.accepts(value)),
        close: async () => {
          await kept.close()
          await server.close()
        },
      }
    },
    close: async () => {
      for (const { store, redis } of opened) {
        await store.close()
        await redis.quit()
      }
      await product.close()
      rmSync(folder, { recursive: true })
    },
  }
}
export type RotatedKeys = Awaited<ReturnType<typeof rotatedKeys>>
export type RotatedSecret = Made
