import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { awsKeptSecret, sampleAwsKeeper } from '../../infra/sample/aws-kept-secret.ts'
import { startConsumer } from '../../infra/sample/consumer.ts'
import { startKeyProduct } from '../../infra/sample/key-product.ts'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import type { secretConfig } from '../../schemas/secrets.ts'
import type { StoreConfig } from '../../schemas/stores.ts'
import { sharedStack } from './stack.ts'
import { startWorld } from './world.ts'

type SecretInput = z.input<typeof secretConfig>
const plenty = { calls: 1_000, perSeconds: 1 }

/**
 * A real key product with an MCP server that asks it at every use, one of its keys in Secrets Manager (the emulator) under a name, clients
 * that read it there, and Curfew as its rotator.
 */
export const startAwsKeyWorld = async (
  secret: Partial<Omit<SecretInput, 'keeper'>>,
  { keeper = {}, aws = {} }: { keeper?: { native?: boolean }; aws?: Partial<StoreConfig & { endpoint: string }> } = {},
) => {
  const { addresses } = await sharedStack()
  const dir = mkdtempSync(join(tmpdir(), 'curfew-aws-key-'))
  const product = await startKeyProduct()
  const firstKey = await product.issueKey({ name: 'by-hand' })
  const [first = ''] = firstKey.values
  const kept = await awsKeptSecret(addresses, `rotated/mcp-key-${randomUUID()}`, {
    url: 'kept as it is',
    value: first,
    handle: firstKey.grant.handle,
  })
  writeFileSync(join(dir, 'password'), product.account.password, { mode: 0o600 })
  const id = 'mcp-key'
  const world = await startWorld({
    stores: [
      { ...sampleAwsKeeper(addresses, dir), ...aws } as StoreConfig,
      {
        id: 'mcp-keys',
        kind: 'key-api',
        preset: 'better-auth',
        address: product.address,
        door: product.mcpUrl,
        parameters: { email: product.account.email },
        secrets: { password: { file: join(dir, 'password') } },
        budgets: { login: plenty, api: plenty, door: plenty },
      },
    ],
    overrides: {
      secrets: [
        {
          id,
          tenant: 'acme',
          keeper: { store: 'aws-rotator', name: kept.name, ...keeper },
          issuer: { store: 'mcp-keys', kind: 'api.key' },
          ...secret,
        },
      ],
    },
  })
  const use = async (key: string) => (await tryMcp(product.mcpUrl, key)).seen
  const consumers: { close(): Promise<void> }[] = []
  return {
    id,
    world,
    kept,
    product,
    first,
    use,
    current: async () => (await kept.read()).value ?? '',
    consumer: (more: { callsPerSecond: number; pollMs: number; rereads?: boolean }) => {
      const made = startConsumer({ read: async () => (await kept.read()).value, use, ...more })
      consumers.push(made)
      return made
    },
    close: async () => {
      for (const one of consumers) await one.close()
      await world.close()
      await product.close()
      rmSync(dir, { recursive: true })
    },
  }
}
export type AwsKeyWorld = Awaited<ReturnType<typeof startAwsKeyWorld>>
