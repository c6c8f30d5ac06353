import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { writeSampleConfig } from '../../infra/sample/config.ts'
import { type Emitter, emitter } from '../../infra/sample/emitter.ts'
import { type SampleCredential, type SampleIssuer, sampleIssuer } from '../../infra/sample/issuer.ts'
import { type Prober, prober, type Watched } from '../../infra/sample/prober.ts'
import type { StackControl } from '../../infra/stack/start-stack.ts'
import { createTopics } from '../../infra/topics.ts'
import type { Config } from '../../schemas/config.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { type Launched, launch } from '../../services/runtime/launcher.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'
import { openReceipts } from './receipts.ts'
import { seal } from './seal.ts'
import { sharedStack } from './stack.ts'
import { until } from './until.ts'

export type WorldOptions = {
  processes?: string[][]
  overrides?: Parameters<typeof writeSampleConfig>[0]['overrides']
  store?: Parameters<typeof writeSampleConfig>[0]['store']
  /** Beside the Vault. */
  stores?: Parameters<typeof writeSampleConfig>[0]['stores']
  env?: Record<string, string>
  /** Something that the inputs' marks wait for is started later (a learner): folded is enough. */
  foldedOnly?: boolean
  /** A world of many processes on a busy machine. */
  readyWithinMs?: number
}
export type World = {
  stack: StackControl
  config: Config
  dir: string
  issuer: SampleIssuer
  emitter: Emitter
  prober: Prober
  launched: Launched
  redis: Redis
  key(name: string): string
  output(): string
  /** All receipts that were ever appended, verified ones first, from the facts topic itself. */
  receipts(): Promise<Map<string, Receipt>>
  /** Every outcome record as appended, duplicates included. */
  outcomes(): Promise<Receipt[]>
  grant(session: string, credential: SampleCredential, extra?: Record<string, unknown>): Promise<string>
  /** Grants it, and waits until the prober saw it accepted. Curfew may not have looked yet. */
  handOut(session: string, credential: SampleCredential, extra?: Record<string, unknown>): Promise<Watched>
  close(): Promise<void>
}

/** Two processes of each role. */
export const twoOfEach = ['ledger', 'intake', 'work'].flatMap(role => [[role], [role]])
let worlds = 0

/** A pipeline of its own (topics, keys, Redis prefix) on the shared stack, with senders and a prober that are not part of it. */
export const startWorld = async (options: WorldOptions = {}): Promise<World> => {
  const stack = await sharedStack()
  const dir = mkdtempSync(join(tmpdir(), 'curfew-world-'))
  worlds += 1
  const name = `w${process.pid}-${worlds}`
  const { file } = writeSampleConfig({
    addresses: stack.addresses,
    dir,
    keysDir: join(dir, 'keys'),
    name,
    overrides: { api: { port: 0 }, ...options.overrides },
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(options.stores === undefined ? {} : { stores: options.stores }),
  })
  const config = loadConfig(file)
  await createTopics(config.kafka, 2)
  const output: Buffer[] = []
  const launched = launch({
    configFile: file,
    processes: options.processes ?? twoOfEach,
    env: { CURFEW_STATE_DIR: dir, ...options.env },
    onOutput: text => output.push(text),
  })
  const issuer = await sampleIssuer(stack.addresses)
  const emits = await emitter(config.kafka.brokers, config.kafka.topics)
  const watching = prober()
  const redis = new Redis(config.redis.url, { maxRetriesPerRequest: 3 })
  redis.on('error', () => undefined)
  const receipts = openReceipts(config)
  const key = (suffix: string) => `${config.redis.prefix}:${suffix}`
  const text = () => Buffer.concat(output).toString('utf8')

  const grant: World['grant'] = async (session, credential, extra = {}) => {
    const { shown } = credential
    const value = shown === undefined ? {} : { value: await seal(config, shown) }
    const data = { session, store: 'vault-local', ...credential.grant, ...value, ...extra }
    return emits.emit('curfew.credential.granted', data)
  }
  const world: World = {
    stack,
    config,
    dir,
    issuer,
    emitter: emits,
    prober: watching,
    launched,
    redis,
    key,
    output: text,
    receipts: receipts.best,
    outcomes: receipts.all,
    grant,
    handOut: async (session, credential, extra) => {
      const watched = watching.watch(`${session} ${credential.grant.kind}`, credential)
      await grant(session, credential, extra)
      await until(`${watched.name} is accepted`, () => watched.acceptedFirst)
      return watched
    },
    close: async () => {
      await watching.close()
      await launched.close()
      await emits.close()
      await receipts.close()
      await issuer.close()
      redis.disconnect()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  const ready = async () =>
    (options.processes ?? twoOfEach).some(roles => roles.includes('intake')) && !options.foldedOnly
      ? (await redis.hmget(key('marks'), 'grants', 'lifecycle')).every(mark => mark !== null)
      : (await redis.hlen(key('ready'))) === config.kafka.factsPartitions
  await until('the facts are folded and the inputs are read', ready, {
    withinMs: options.readyWithinMs ?? 120_000,
  }).catch(async error => {
    await world.close()
    throw new Error(`${String(error)}\n${text().slice(-4_000)}`)
  })
  return world
}
