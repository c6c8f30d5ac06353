import type { z } from 'zod'
import { startConsumer } from '../../infra/sample/consumer.ts'
import { keptSecret } from '../../infra/sample/kept-secret.ts'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import { startStaticKeyServer } from '../../infra/sample/static-key-server.ts'
import type { secretConfig } from '../../schemas/secrets.ts'
import { sharedStack } from './stack.ts'
import { startWorld, type WorldOptions } from './world.ts'

type SecretInput = z.input<typeof secretConfig>
let worlds = 0

/** A real MCP server that knows static keys, its key in Vault's KV under a name, a client that reads it there, and Curfew. */
export const startStaticKeyWorld = async (
  secret: Partial<SecretInput>,
  { holds = 2, world: options = {} }: { holds?: 1 | 2; world?: WorldOptions } = {},
) => {
  const stack = await sharedStack()
  worlds += 1
  const kept = await keptSecret(stack.addresses, `rotated/mcp-${process.pid}-${worlds}`)
  const first = `first-key-${crypto.randomUUID()}`
  await kept.write({ url: 'kept as it is', value: first })
  const server = await startStaticKeyServer(
    { current: async () => (await kept.read())?.value, staged: async () => (await kept.staged())?.value },
    { holds },
  )
  const id = 'mcp-key'
  const world = await startWorld({
    ...options,
    stores: [
      {
        id: 'vault-kv',
        kind: 'vault-kv',
        address: stack.addresses.vault.address,
        caFile: stack.addresses.vault.caFile,
        auth: { roleId: stack.addresses.vault.rotatorRoleId, secretIdFile: 'rotator-secret-id' },
      },
      { id: 'mcp-server', kind: 'standing', door: server.mcpUrl, hook: { url: server.hookUrl } },
      ...(options.stores ?? []),
    ],
    overrides: {
      secrets: [
        {
          id,
          tenant: 'acme',
          keeper: { store: 'vault-kv', name: kept.name },
          issuer: { store: 'mcp-server', kind: 'standing.key' },
          ...secret,
        },
      ],
      ...options.overrides,
    },
  })
  const use = async (key: string) => (await tryMcp(server.mcpUrl, key)).seen
  const consumers: { close(): Promise<void> }[] = []
  return {
    id,
    world,
    kept,
    server,
    first,
    use,
    current: async () => (await kept.read())?.value ?? '',
    consumer: (more: { callsPerSecond: number; pollMs: number; rereads?: boolean }) => {
      const made = startConsumer({ read: async () => (await kept.read())?.value, use, ...more })
      consumers.push(made)
      return made
    },
    close: async () => {
      for (const one of consumers) await one.close()
      await world.close()
      await server.close()
      await kept.close()
    },
  }
}
export type StaticKeyWorld = Awaited<ReturnType<typeof startStaticKeyWorld>>
