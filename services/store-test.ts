import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { parse } from 'yaml'
import { credentialKind } from '../schemas/grant.ts'
import type { Brought } from '../schemas/store-test.ts'
import { type StoreConfig, storeConfig } from '../schemas/stores.ts'
import type { TestStore } from './cli/io.ts'
import { connectRedis } from './ledger/redis.ts'
import { credentialId } from './pipeline/ids.ts'
import type { Credential, Sealing } from './pipeline/ports.ts'
import { tryOut } from './pipeline/try-out.ts'
import type { ThrowAway } from './pipeline/try-parts.ts'
import { loadKeyRings } from './runtime/key-rings.ts'
import { filesNear } from './runtime/load-config.ts'
import { sealing } from './runtime/sealing.ts'
import { openStore } from './stores/registry.ts'

type Document = { redis?: { url?: string; prefix?: string }; keysDir?: string; stores?: { id?: string }[] }
const hourMs = 3_600_000

/** Of the config only the store, its Redis (the budget is shared with a Curfew that runs) and the keys are needed. */
export const testStore: TestStore = async ({ store: id, configFile, brought, watchMs, tell }) => {
  const document = readConfig(configFile)
  const near = (path: string) => resolve(dirname(configFile), path)
  const config = storeNamed(document, id, near)
  const url = document.redis?.url ?? process.env.CURFEW_REDIS_URL ?? 'redis://127.0.0.1:6379'
  const redis = connectRedis(url)
  try {
    await requireRedis(redis, url)
    const shared = await ringOf(document.keysDir === undefined ? undefined : near(document.keysDir))
    // A login that a running Curfew sealed opens only with its ring: without it, this test logs in by itself.
    const redisPrefix = shared ? (document.redis?.prefix ?? 'curfew') : `curfew-store-test-${random()}`
    const seals = shared ?? ownSealing()
    const store = openStore(config, { redis, redisPrefix, log: () => undefined, sealing: seals })
    const credentialOf = (handle: string, value: string, kind: Credential['kind'] = 'api.key'): Credential => ({
      kind,
      handle,
      sealed: [seals.seal(credentialId(id, handle), value).blob],
      valueSealed: true,
    })
    const parts = { store, credentialOf, tell, now: Date.now, pause: setTimeout, random, lifeMs: hourMs, watchMs }
    const findings = await tryOut(parts, brought && throwAway(brought, credentialOf)).finally(store.close)
    if (!shared) await forget(redis, redisPrefix)
    return findings
  } finally {
    redis.disconnect()
  }
}

const forget = async (redis: Redis, prefix: string): Promise<void> => {
  const keys = await redis.keys(`${prefix}:*`)
  if (keys.length > 0) await redis.del(keys)
}

const readConfig = (file: string): Document => {
  if (!existsSync(file)) throw new Error(`There is no config at ${file}.`)
  return (parse(readFileSync(file, 'utf8')) ?? {}) as Document
}

const random = () => randomBytes(18).toString('base64url')

const throwAway = (
  { kind, handle, target, value }: Brought,
  credentialOf: (handle: string, value: string, kind: Credential['kind']) => Credential,
): ThrowAway => {
  const known = credentialKind.parse(kind)
  const credential = value === undefined ? { kind: known, handle } : credentialOf(handle, value, known)
  return { credential: { ...credential, target }, value }
}

const storeNamed = ({ stores = [] }: Document, id: string, near: (path: string) => string): StoreConfig => {
  const found = stores.find(one => one.id === id)
  if (!found)
    throw new Error(
      `There is no store "${id}" in the config; there are ${stores.map(one => one.id).join(', ') || 'none'}.`,
    )
  const parsed = storeConfig.safeParse(found)
  if (parsed.success) return filesNear(parsed.data, near) as StoreConfig
  const problems = parsed.error.issues.map(issue => `  ${issue.path.join('.') || id}: ${issue.message}`)
  throw new Error(`The store "${id}" is not valid:\n${problems.join('\n')}`)
}

const requireRedis = async (redis: Redis, url: string): Promise<void> => {
  await redis.ping().catch(() => {
    throw new Error(
      `No Redis answers at ${new URL(url).host}. The calls of a test are counted there, together with those of a Curfew that runs. ` +
        'One for this machine: npm run stack -- up, then eval "$(npm run -s stack -- env)"',
    )
  })
}

const ringOf = async (keysDir: string | undefined): Promise<Sealing | undefined> =>
  keysDir !== undefined && existsSync(join(keysDir, 'sealing-keys.json'))
    ? sealing((await loadKeyRings(keysDir)).sealing)
    : undefined

const ownSealing = (): Sealing => sealing({ current: 'test', keys: new Map([['test', randomBytes(32)]]) })
