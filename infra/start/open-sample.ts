import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadKeyRings, publicIntakeKey } from '../../services/runtime/key-rings.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'
import { writeSampleConfig } from '../sample/config.ts'
import { emitter } from '../sample/emitter.ts'
import { sampleIssuer } from '../sample/issuer.ts'
import { type OtherStores, openOtherStores } from '../sample/other-stores.ts'
import { prober } from '../sample/prober.ts'
import { sampleGraceMs } from '../sample/scenarios.ts'
import { sealer } from '../sample/seal.ts'
import type { SampleWorld } from '../sample/stage.ts'
import { type StackAddresses, startStack } from '../stack/start-stack.ts'
import { createTopics } from '../topics.ts'
import type { Closing } from './closing.ts'
import { launchRoles, type Roles } from './launch-roles.ts'
import { proveReady } from './prove-ready.ts'
import { type ReceiptSource, receiptsFromApi } from './receipts-from-api.ts'
import { removeWorld } from './remove-world.ts'
import { say } from './say.ts'
import type { StartParts } from './start-parts.ts'
import { isShared, worldName } from './world-name.ts'

export type Sample = {
  world: SampleWorld
  receipts: ReceiptSource
  boundMs: number
  logFile: string
  configFile: string
  roles: Roles
}
export type SampleOptions = Omit<StartParts, 'options'> & {
  processes: string[][]
  folder: string
  keysDir: string
  apiDir: string
  apiPort: number
  /** Changes the sample's config before anything starts. */
  adjust?: (content: ConfigContent) => ConfigContent
}
type ConfigContent = ReturnType<typeof writeSampleConfig>['content']

/** Stack, topics, config, roles and the sample world; resolves when a first credential went the whole way. */
export const openSample = async (options: SampleOptions): Promise<Sample> => {
  const { folder, life, interrupted } = options
  const stack = await interrupted.during(startStack({ onProgress: say }))
  life.onClose(stack.close)
  const others = await openOtherStores(stack.addresses, folder)
  life.onClose(others.close)
  const { file, config } = await prepareConfig(stack.addresses, others, options)
  if (isShared()) life.onClose(() => removeWorld(config))
  const world = await openWorld(stack.addresses, others, config, life)

  const logFile = join(folder, 'roles.log')
  const roles = launchRoles({
    configFile: file,
    processes: options.processes,
    env: { CURFEW_STATE_DIR: options.apiDir },
    write: text => appendFileSync(logFile, text, { mode: 0o600 }),
  })
  life.onClose(roles.close)
  options.onForce(roles.kill)
  say(`pipeline: ${options.processes.length} processes (${options.processes.join(' ')}), log in ${logFile}`)
  interrupted.failOn(roles.refused)

  const receipts = receiptsFromApi({ apiDir: options.apiDir, pids: () => roles.pids('api') })
  life.onClose(receipts.close)
  await proveReady(world, interrupted).catch(error => {
    if (!interrupted.signal.aborted) say(roles.logTail())
    throw error
  })
  return { world, receipts, boundMs: config.bounds.credentialMs, logFile, configFile: file, roles }
}

const prepareConfig = async (
  addresses: StackAddresses,
  { stores, registry }: OtherStores,
  { folder, keysDir, apiPort, interrupted, adjust }: SampleOptions,
) => {
  const overrides = {
    session: { graceMs: sampleGraceMs },
    api: { port: apiPort },
    canary: [
      { store: 'vault-local', tokenRole: 'curfew-canary' },
      { store: 'vault-local', databaseRole: 'curfew-canary' },
      { store: 'mcp-keys' },
      { store: 'aws-local', holds: { store: 'vault-local', tokenRole: 'curfew-canary' } },
    ],
    secrets: registry,
  }
  const options = { addresses, dir: folder, keysDir, name: worldName(), overrides, stores }
  const { file, content } = writeSampleConfig(options)
  if (adjust) writeFileSync(file, stringify(adjust(content)))
  const config = loadConfig(file)
  await interrupted.during(createTopics(config.kafka))
  return { file, config }
}

type LoadedConfig = ReturnType<typeof loadConfig>

const openWorld = async (
  addresses: StackAddresses,
  others: OtherStores,
  config: LoadedConfig,
  life: Closing,
): Promise<SampleWorld> => {
  const issuer = await sampleIssuer(addresses)
  life.onClose(issuer.close)
  const emits = await emitter(config.kafka.brokers, config.kafka.topics)
  life.onClose(emits.close)
  const watching = prober()
  life.onClose(watching.close)
  const seal = await sealer(publicIntakeKey(await loadKeyRings(config.keysDir)))
  return { issuer, others, emitter: emits, prober: watching, seal, store: 'vault-local' }
}
