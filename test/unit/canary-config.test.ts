import { describe, expect, it } from 'vitest'
import { canariesOf } from '../../schemas/canary.ts'
import { config } from '../../schemas/config.ts'
import type { CanaryStatus } from '../../schemas/status.ts'
import { worstCanary } from '../../services/api/worst-canary.ts'
import { requireCanaries } from '../../services/canary-makers.ts'
import { learningStores, learnRules, looksAt } from '../../services/learn/rules.ts'
import type { Store } from '../../services/pipeline/ports.ts'

const auth = { roleId: 'r', secretIdFile: 'f' }
const targets = [{ leasePrefix: 'database/creds/', kind: 'postgres', probeUrlFile: 'f' }]
const vault = { id: 'vault-a', kind: 'vault', address: 'https://v', auth, targets }
const aws = { id: 'aws', kind: 'aws-secrets-manager', region: 'eu-central-1' }
const stores = [
  vault,
  { id: 'bare', kind: 'vault', address: 'https://v', auth },
  { id: 'keys', kind: 'key-api', preset: 'better-auth', address: 'https://k' },
  { id: 'oauth', kind: 'oauth', issuer: 'https://o', clientId: 'c', clientSecretFile: 'f' },
  aws,
  { id: 'kv', kind: 'vault-kv', address: 'https://v', auth },
  { id: 'legacy', kind: 'standing' },
]
const base = {
  kafka: { brokers: ['k:9092'], principals: { lifecycle: 'issuer', grants: 'issuer', leaks: 'issuer' } },
  redis: { url: 'redis://r' },
  keysDir: 'keys',
  principals: [{ id: 'issuer', tenant: 'acme', may: { grant: ['vault-a'] } }],
}
const whole = (canary: unknown) => ({ ...base, stores, ...(canary === undefined ? {} : { canary }) })
const parsed = (canary: unknown) => config.safeParse(whole(canary))
const problems = (canary: unknown) => parsed(canary).error?.issues.map(one => one.message)
const read = (canary: unknown) => config.parse(whole(canary))

describe('the canaries of a config', () => {
  it('none, one object and a list are all a list', () => {
    expect(read(undefined).canary).toEqual([])
    const one = { store: 'vault-a', tokenRole: 'canary' }
    expect(read(one).canary).toEqual([{ ...one, everyMs: 60_000 }])
    expect(read([one]).canary).toEqual(read(one).canary)
  })
  it('the store and the field say of which kind each is', () => {
    const all = [
      { store: 'vault-a', tokenRole: 'canary' },
      { store: 'vault-a', databaseRole: 'canary' },
      { store: 'keys' },
      { store: 'oauth', everyMs: 5_000 },
      { store: 'aws', holds: { store: 'keys' } },
    ]
    expect(canariesOf(read(all)).map(one => `${one.store} ${one.kind} ${one.everyMs}`)).toEqual([
      'vault-a vault.token 60000',
      'vault-a vault.lease 60000',
      'keys api.key 60000',
      'oauth oauth.access-token 5000',
      'aws aws.secret 60000',
    ])
    expect(canariesOf(read(all)).at(-1)?.holds).toEqual({ store: 'keys', kind: 'api.key' })
  })
  it.each([
    [{ store: 'gone' }, 'no store "gone"'],
    [{ store: 'legacy' }, 'a server that only knows standing keys makes none'],
    [{ store: 'kv' }, 'it keeps what is registered'],
    [{ store: 'vault-a' }, 'give one of `tokenRole` and `databaseRole`'],
    [{ store: 'vault-a', tokenRole: 'a', databaseRole: 'b' }, 'give one of'],
    [{ store: 'keys', tokenRole: 'a' }, 'is no Vault'],
    [{ store: 'aws' }, 'name with `holds` the store whose credential its secret stands for'],
    [{ store: 'aws', holds: { store: 'legacy' } }, 'a server that only knows standing keys makes none'],
    [{ store: 'aws', holds: { store: 'aws' } }, '"aws" honours no credential'],
    [{ store: 'aws', holds: { store: 'vault-a' } }, 'give one of `tokenRole` and `databaseRole`'],
    [{ store: 'keys', holds: { store: 'oauth' } }, 'it takes no `holds`'],
    [{ store: 'bare', databaseRole: 'b' }, 'nobody could prove its login dead'],
    [[{ store: 'keys' }, { store: 'keys', everyMs: 5_000 }], 'keys (api.key) stands there twice'],
  ])('%j is refused with its reason', (canary, reason) =>
    expect(problems(canary)).toEqual([expect.stringContaining(reason)]),
  )
  it.each([{ databaseRole: '../static-creds/x' }, { tokenRole: 'a', everyMs: 1 }])('%j is refused as it is', faulty =>
    expect(parsed({ store: 'vault-a', ...faulty }).success).toBe(false),
  )

  const opened = (store: Partial<Store>) =>
    new Map([['keys', { id: 'keys', propagationMs: 0, ...store } as unknown as Store]])
  const required = (store: Partial<Store>) => () =>
    requireCanaries({ config: read({ store: 'keys', everyMs: 5_000 }), stores: opened(store) })
  const issue = () => Promise.reject(new Error('not asked'))
  it('a preset that cannot issue, and a window that no canary could be proven in, refuse the start', () => {
    expect(required({ issue })).not.toThrow()
    expect(required({})).toThrow('its preset says nothing of how to `issue`')
    expect(required({ issue, propagationMs: 5_000 })).toThrow('must be over its window of 5000 ms')
  })
  it('what a canary makes is never learned as somebody’s', () => {
    const learn = { auditTopic: 'audit', principal: 'issuer', paths: ['database/creds/*', 'auth/token/create/*'] }
    const canary = [
      { store: 'vault-a', databaseRole: 'mine' },
      { store: 'aws', holds: { store: 'vault-a', tokenRole: 'mine' } },
    ]
    const learning = config.parse({ ...base, stores: [{ ...vault, learn }, aws], canary })
    const [rules] = learningStores(learning).map(store => learnRules(store, learning.canary))
    const seen = (path: string) => rules && looksAt(rules, path)
    expect(['database/creds/mine', 'auth/token/create/mine'].map(seen)).toEqual([false, false])
    expect(['database/creds/app', 'auth/token/create/agent'].map(seen)).toEqual([true, true])
  })
})

describe('the worst canary', () => {
  const one = (store: string, everyMs: number, ageMs?: number): CanaryStatus => ({
    ...{ configured: true, store, kind: 'vault.token', everyMs },
    ...(ageMs === undefined ? {} : { ageMs }),
  })
  it('none is not configured', () => expect(worstCanary([])).toEqual({ configured: false }))
  it('is the oldest in its own periods', () =>
    expect(worstCanary([one('slow', 60_000, 70_000), one('quick', 1_000, 5_000)]).store).toBe('quick'))
  it('is one that was never seen to die', () =>
    expect(worstCanary([one('quick', 1_000, 90_000), one('never', 60_000)]).store).toBe('never'))
})
