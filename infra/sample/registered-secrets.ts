import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type { config } from '../../schemas/config.ts'
import type { StackAddresses } from '../stack/addresses.ts'
import type { SampleCredential } from './issuer.ts'
import { keptSecret } from './kept-secret.ts'
import { tryMcp } from './oauth-doors.ts'
import { startStaticKeyServer } from './static-key-server.ts'

type ConfigInput = z.input<typeof config>
export type RegisteredSecrets = Awaited<ReturnType<typeof openRegisteredSecrets>>

/**
 * MCP servers that know only static keys, each key in Vault's KV under a name: what rotation is for. One server for each name, so that
 * a leak of one is nobody else's.
 */
export const openRegisteredSecrets = async (addresses: StackAddresses, names: readonly string[]) => {
  const run = randomBytes(4).toString('hex')
  const all = await Promise.all(names.map(name => openOne(addresses, name, `rotated/sample-${run}-${name}`)))
  const { vault } = addresses
  const stores: ConfigInput['stores'] = [
    {
      id: 'vault-kv',
      kind: 'vault-kv',
      address: vault.address,
      caFile: vault.caFile,
      auth: { roleId: vault.rotatorRoleId, secretIdFile: 'rotator-secret-id' },
    },
    ...all.map(({ name, server }) => ({
      id: `${name}-server`,
      kind: 'standing' as const,
      door: server.mcpUrl,
      hook: { url: server.hookUrl },
    })),
  ]
  const secrets: ConfigInput['secrets'] = all.map(({ name, kept }) => ({
    id: name,
    tenant: 'acme',
    keeper: { store: 'vault-kv', name: kept.name },
    issuer: { store: `${name}-server`, kind: 'standing.key' },
    overlapMs: 0,
    afterTask: true,
  }))
  return {
    stores,
    secrets,
    /** The version that the secret has now, as a session that read it has it. */
    read: async (name: string): Promise<SampleCredential> => {
      const one = all.find(known => known.name === name)
      const version = await one?.kept.read()
      if (!one || version?.value === undefined) throw new Error(`no secret "${name}" in the sample`)
      const key = version.value
      const attempt = () => tryMcp(one.server.mcpUrl, key)
      const number = (await one.kept.readable()).at(-1)
      const handle = `${one.kept.name}#${number}`
      const grant = { store: 'vault-kv', kind: 'kv.secret-version', handle, renewable: false } as const
      return { grant, values: [key], use: async () => (await attempt()).seen, try: attempt }
    },
    close: async () => {
      for (const { server, kept } of all) {
        await server.close()
        await kept.close()
      }
    },
  }
}

const openOne = async (addresses: StackAddresses, name: string, path: string) => {
  const kept = await keptSecret(addresses, path)
  await kept.write({ value: randomBytes(18).toString('base64url') })
  const server = await startStaticKeyServer({
    current: async () => (await kept.read())?.value,
    staged: async () => (await kept.staged())?.value,
  })
  return { name, kept, server }
}
