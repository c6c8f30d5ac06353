import { expect, it } from 'vitest'
import { type Config, config as configSchema, type Principal } from '../../schemas/config.ts'
import type { Fact, FactOf } from '../../schemas/facts.ts'
import { factsOfEvent } from '../../services/intake/facts-of-event.ts'
import { edge } from '../../services/intake/fingerprints.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { sealing } from '../../services/runtime/sealing.ts'

const base = configSchema.parse({
  kafka: { brokers: ['b'], principals: { lifecycle: 'p', grants: 'p', leaks: 'p' } },
  redis: { url: 'redis://127.0.0.1' },
  keysDir: 'k',
  principals: [{ id: 'p', tenant: 'acme', may: {} }],
  stores: [],
})
const stores = [
  { id: 'vault', kind: 'vault' },
  { id: 'issuer', kind: 'oauth' },
  { id: 'keeper', kind: 'aws-secrets-manager' },
]
const config = { ...base, stores } as unknown as Config
const seals = sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 3)]]) })
const rings = {
  peppers: { current: 'p1', keys: new Map([['p1', Buffer.alloc(32, 1)]]) },
  intake: { current: 'i1', keys: new Map() },
}
const parts = {
  config,
  edge: { ...edge(rings, seals), open: (jwe: string) => Promise.resolve(jwe.split('.')[4] ?? '') },
}
const jwe = (value: string) => `a.b.c.d.${value}`
const may = (...grant: string[]): Principal => ({
  id: 'p',
  tenant: 'acme',
  may: { lifecycle: false, grant, leak: false, admin: false },
})
const granted = (data: object, principal = may('vault', 'issuer', 'keeper')): Promise<Fact[]> => {
  const event = { specversion: '1.0', id: 'e', source: '/t', type: 'curfew.credential.granted', data }
  const headers = { 'content-type': 'application/cloudevents+json' }
  return factsOfEvent(
    parts,
    { attributePrefix: 'ce_', headers, body: Buffer.from(JSON.stringify(event)) },
    principal,
    1_800_000_000_000,
  )
}
const only = <K extends Fact['kind']>(facts: Fact[], kind: K) =>
  facts.filter((fact): fact is FactOf<K> => fact.kind === kind)

it('a value that its store must be shown becomes a sealed fact that opens for this credential only', async () => {
  const token = { session: 's', store: 'issuer', kind: 'oauth.access-token', handle: 'jti-1', value: jwe('the-token') }
  const facts = await granted(token)
  const [grant] = only(facts, 'granted')
  const [sealed] = only(facts, 'sealed')
  const cid = credentialId('issuer', 'jti-1')
  expect(grant).toMatchObject({ cid, valueSealed: true, fingerprints: [parts.edge.fingerprint('the-token')] })
  expect(seals.open(cid, sealed?.blob ?? '')).toBe('the-token')
  expect(JSON.stringify(facts)).not.toContain('the-token')
  expect(only(await granted(token), 'sealed'), 'announced again it is the same record').toEqual([sealed])
})

const secret = {
  session: 's',
  task: 't',
  store: 'keeper',
  kind: 'aws.secret',
  handle: 'arn:1',
  sealed: [jwe('whole')],
  inside: { store: 'issuer', kind: 'oauth.access-token', handle: 'jti-2', value: jwe('inner') },
}

it("what a keeper's secret holds is granted as well, to the same session and task, and a leak of either ends both", async () => {
  const facts = await granted(secret)
  const [outer, inner] = only(facts, 'granted')
  const insideCid = credentialId('issuer', 'jti-2')
  expect(outer).toMatchObject({ store: 'keeper', task: 't', inside: insideCid })
  expect(inner).toMatchObject({ store: 'issuer', cid: insideCid, task: 't', valueSealed: true, sid: outer?.sid })
  expect(outer?.fingerprints).toEqual(['whole', 'inner'].map(parts.edge.fingerprint).sort())
  expect(inner?.fingerprints).toEqual(outer?.fingerprints)
  expect(only(facts, 'sealed').map(one => one.cid)).toEqual([insideCid])
})

it('who may grant for the keeper alone may not name a credential of another store inside', async () => {
  await expect(granted(secret, may('keeper'))).rejects.toMatchObject({ code: 'not_allowed' })
})

it.each([
  [{ session: 's', store: 'issuer', kind: 'vault.token', handle: 'h' }, 'issuer'],
  [{ session: 's', store: 'vault', kind: 'aws.secret', handle: 'h' }, 'vault'],
  [{ ...secret, inside: { store: 'vault', kind: 'api.key', handle: 'h' } }, 'vault'],
])('a kind that its store does not have is refused in words: %j', async (data, store) => {
  const rejected = granted(data)
  await expect(rejected).rejects.toMatchObject({ code: 'invalid_data' })
  await expect(rejected).rejects.toThrow(`store "${store}" has no credentials of kind`)
})

it('a successor explains the end of the token that it replaces', async () => {
  const successor = { session: 's', store: 'issuer', kind: 'oauth.refresh-token', handle: 'r2', replaces: 'r1' }
  expect(only(await granted(successor), 'granted')[0]?.replaces).toBe(credentialId('issuer', 'r1'))
})

it('an `inside` is refused where the store is no keeper, and where what is inside is itself in a keeper', async () => {
  const { inside } = secret
  const ofIssuer = { session: 's', store: 'vault', kind: 'vault.token', handle: 'h', inside }
  await expect(granted(ofIssuer)).rejects.toMatchObject({ code: 'invalid_data' })
  await expect(granted(ofIssuer)).rejects.toThrow('store "vault" keeps nothing inside')
  const nested = { ...secret, inside: { store: 'keeper', kind: 'aws.secret', handle: 'arn:2' } }
  await expect(granted(nested)).rejects.toMatchObject({ code: 'invalid_data' })
  await expect(granted(nested)).rejects.toThrow('"keeper" is a keeper')
})

it('a value that no store ever asks for is fingerprinted and not kept', async () => {
  const token = { session: 's', store: 'vault', kind: 'vault.token', handle: 'a-1', value: jwe('the-token') }
  const facts = await granted(token)
  expect(only(facts, 'granted')).toMatchObject([{ fingerprints: [parts.edge.fingerprint('the-token')] }])
  expect(only(facts, 'granted')[0]).not.toHaveProperty('valueSealed')
  expect(only(facts, 'sealed')).toEqual([])
})
