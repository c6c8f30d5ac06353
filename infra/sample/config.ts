import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { z } from 'zod'
import type { config } from '../../schemas/config.ts'
import type { StackAddresses } from '../stack/addresses.ts'

type ConfigInput = z.input<typeof config>

export type SampleConfigOptions = {
  addresses: StackAddresses
  /** Where the config and the secrets that it points to are written. */
  dir: string
  keysDir: string
  /** Prefix of topics and Redis keys: several worlds can share a stack. */
  name: string
  overrides?: Partial<ConfigInput>
  store?: Partial<ConfigInput['stores'][number]>
  /** Beside the Vault. */
  stores?: ConfigInput['stores']
}

/** Writes a config for the local stack: one tenant, an orchestrator, an issuer, a scanner. Returns the file and its content. */
export const writeSampleConfig = (options: SampleConfigOptions): { file: string; content: ConfigInput } => {
  const { addresses, dir, name } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const { postgres, vault } = addresses
  writeFileSync(join(dir, 'vault-secret-id'), vault.pipelineSecretId, { mode: 0o600 })
  writeFileSync(join(dir, 'rotator-secret-id'), vault.rotatorSecretId, { mode: 0o600 })
  const login = `${encodeURIComponent(postgres.probeUser)}:${encodeURIComponent(postgres.probePassword)}`
  const probeUrl = `postgres://${login}@${postgres.host}:${postgres.port}/${postgres.database}`
  writeFileSync(join(dir, 'postgres-probe-url'), probeUrl, { mode: 0o600 })
  const content: ConfigInput = {
    kafka: {
      brokers: addresses.kafkaBrokers,
      group: name,
      topics: topicNames(name),
      principals: { lifecycle: 'orchestrator', grants: 'issuer', leaks: 'scanner' },
    },
    redis: { url: addresses.redisUrl, prefix: name },
    keysDir: options.keysDir,
    principals: [
      { id: 'orchestrator', tenant: 'acme', may: { lifecycle: true } },
      { id: 'issuer', tenant: 'acme', may: { grant: ['vault-local', ...(options.stores ?? []).map(one => one.id)] } },
      { id: 'scanner', tenant: 'acme', may: { leak: true } },
    ],
    stores: [
      {
        id: 'vault-local',
        kind: 'vault',
        address: vault.address,
        caFile: vault.caFile,
        auth: { roleId: vault.pipelineRoleId, secretIdFile: 'vault-secret-id' },
        targets: [{ leasePrefix: 'database/creds/', kind: 'postgres', probeUrlFile: 'postgres-probe-url' }],
        ...options.store,
      } as ConfigInput['stores'][number],
      ...(options.stores ?? []),
    ],
    ...options.overrides,
  }
  const file = join(dir, 'curfew.yaml')
  writeFileSync(file, stringify(content))
  return { file, content }
}

/** The default names for the world called `curfew`, prefixed ones for every other. */
const topicNames = (name: string): Record<string, string> => {
  if (name === 'curfew') return {}
  const topics = { lifecycle: 'task-lifecycle', grants: 'credential-grants', leaks: 'leak-detections' }
  const own = { facts: 'facts', outcomes: 'credential-outcomes', deadLetters: 'dead-letters' }
  return Object.fromEntries(Object.entries({ ...topics, ...own }).map(([key, topic]) => [key, `${name}.${topic}`]))
}
