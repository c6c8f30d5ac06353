import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { awsKeptSecret, sampleAwsKeeper } from '../../infra/sample/aws-kept-secret.ts'
import { startConsumer } from '../../infra/sample/consumer.ts'
import { type KeyProduct, startKeyProduct } from '../../infra/sample/key-product.ts'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import type { AwsAddress } from '../../infra/stack/addresses.ts'
import type { secretConfig } from '../../schemas/secrets.ts'
import type { storeConfig } from '../../schemas/stores.ts'
import { startRotationLambda } from './rotation-lambda.ts'
import { sharedStack } from './stack.ts'
import { startWorld } from './world.ts'

type SecretInput = z.input<typeof secretConfig>
type StoreInput = z.input<typeof storeConfig>
const plenty = { calls: 1_000, perSeconds: 1 }

/**
 * A real key product with an MCP server that asks it at every use, one of its keys in Secrets Manager (the emulator) under a name, clients
 * that read it there, and Curfew as its rotator.
 */
export const startAwsKeyWorld = async (
  secret: Partial<Omit<SecretInput, 'keeper'>>,
  { native = false, more = [], processes }: { native?: boolean; more?: StoreInput[]; processes?: string[][] } = {},
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
  const use = async (key: string) => (await tryMcp(product.mcpUrl, key)).seen
  const lambda = native ? await lambdaOf(addresses.aws, product, use) : undefined
  const aws = lambda ? { endpoint: lambda.endpoint, rotateWithinMs: 2_000 } : {}
  writeFileSync(join(dir, 'password'), product.account.password, { mode: 0o600 })
  const id = 'mcp-key'
  const world = await startWorld({
    ...(processes ? { processes } : {}),
    stores: [
      ...more,
      { ...sampleAwsKeeper(addresses, dir), ...aws },
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
          keeper: { store: 'aws-rotator', name: kept.name, native },
          issuer: { store: 'mcp-keys', kind: 'api.key' },
          ...secret,
        },
      ],
    },
  })
  const consumers: { close(): Promise<void> }[] = []
  return {
    id,
    world,
    kept,
    product,
    lambda,
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
      await lambda?.close()
      await product.close()
      rmSync(dir, { recursive: true })
    },
  }
}
export type AwsKeyWorld = Awaited<ReturnType<typeof startAwsKeyWorld>>

/** It has the product's own hands: Curfew knows the names of its keys only from the secret. */
const lambdaOf = (aws: AwsAddress, product: KeyProduct, use: (key: string) => Promise<string>) =>
  startRotationLambda(aws, {
    issue: async name => {
      const { grant, values } = await product.issueKey({ name })
      return { handle: grant.handle, value: values[0] ?? '' }
    },
    works: async value => (await use(value)) === 'accepted',
    end: ({ handle }) => product.endKey(handle),
  })
