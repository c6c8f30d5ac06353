import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleAwsStore } from '../../infra/sample/aws-secrets.ts'
import { type KeyProduct, startKeyProduct } from '../../infra/sample/key-product.ts'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { sampleOauthStore } from '../../infra/sample/oauth-store.ts'
import type { ApiState } from '../../schemas/http.ts'
import type { Status } from '../../schemas/status.ts'
import { sharedStack } from '../support/stack.ts'
import { until as untilSoon } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const until = <T>(what: string, condition: () => T | Promise<T>) => untilSoon(what, condition, { withinMs: 90_000 })
const folder = mkdtempSync(join(tmpdir(), 'curfew-canaries-'))
const everyMs = 3_000
let world: World
let keys: KeyProduct
let oauth: OauthServer

beforeAll(async () => {
  keys = await startKeyProduct()
  oauth = await startOauthServer()
  const file = join(folder, 'password')
  writeFileSync(file, keys.account.password, { mode: 0o600 })
  const plenty = { calls: 1_000, perSeconds: 1 }
  const { address, mcpUrl: door, account } = keys
  const keyStore = { id: 'mcp-keys', kind: 'key-api', preset: 'better-auth', address, door } as const
  const login = { parameters: { email: account.email }, secrets: { password: { file } } }
  world = await startWorld({
    processes: [['ledger', 'intake', 'work'], ['work'], ['api']],
    stores: [
      { ...keyStore, ...login, budgets: { login: plenty, api: plenty, door: plenty } },
      sampleOauthStore(oauth, folder),
      sampleAwsStore((await sharedStack()).addresses, folder),
    ],
    overrides: {
      api: { port: 0 },
      canary: [
        { store: 'vault-local', tokenRole: 'curfew-canary', everyMs },
        { store: 'vault-local', databaseRole: 'curfew-canary', everyMs },
        { store: 'mcp-keys', everyMs },
        { store: 'oauth-local', everyMs },
        { store: 'aws-local', holds: { store: 'vault-local', tokenRole: 'curfew-canary' }, everyMs },
      ],
    },
  })
})
afterAll(async () => {
  await world?.close()
  await keys?.close()
  await oauth?.close()
  rmSync(folder, { recursive: true })
})

/** An API that started again is somewhere else. */
const ask = async <T>(path: string): Promise<T> => {
  const { url, token } = JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState
  const headers = { authorization: `Bearer ${token}`, connection: 'close' }
  return (await (await fetch(`${url}${path}`, { headers })).json()) as T
}
const health = () => ask<{ healthy: boolean; reasons: string[] }>('/healthz').catch(() => undefined)
const status = () => ask<Status>('/v1/status')

describe('a canary for each kind of store', () => {
  it('token, database login, key, OAuth token and AWS secret are made, die and are proven where they are honoured', async () => {
    await until('healthy', async () => (await health())?.healthy)
    const { canaries } = await status()
    expect(canaries.map(({ store, kind }) => `${store} ${kind}`)).toEqual([
      'vault-local vault.token',
      'vault-local vault.lease',
      'mcp-keys api.key',
      'oauth-local oauth.access-token',
      'aws-local aws.secret',
    ])
    for (const { ageMs } of canaries) expect(ageMs).toBeLessThan(3 * everyMs)
    const kinds = canaries.map(({ kind }) => kind)
    const proven = await until('the receipts are read', async () => {
      const died = [...(await world.receipts()).values()]
      const all = kinds.map(kind => died.find(one => one.kind === kind && one.outcome === 'verified'))
      return all.every(one => one !== undefined) && all
    })
    for (const { evidence } of proven) expect(evidence).toMatch(/^(target|used)$/)
  })

  it('a key product whose API is away turns health red in its own name only, and green again when it is back', async () => {
    await keys.stopApi()
    const reasons = await until('red', async () => {
      const now = await health()
      return now?.reasons.some(one => one.includes('three periods')) && now.reasons
    })
    expect(reasons).toEqual([expect.stringMatching(/^the last canary of mcp-keys \(api\.key\) died .*three periods/)])
    const { verdict, canary } = await status()
    expect([verdict, canary.store]).toEqual(['not_well', 'mcp-keys'])
    await keys.startApi()
    await until('healthy again', async () => (await health())?.healthy)
  })
})
