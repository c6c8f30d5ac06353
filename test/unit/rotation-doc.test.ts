import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { secretConfig } from '../../schemas/secrets.ts'
import { storeConfig } from '../../schemas/stores.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/rotation.md'), 'utf8')
const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, yaml]) => parse(yaml ?? '') as Record<string, unknown[]>,
)
const of = (name: string) => blocks.flatMap(block => block[name] ?? [])

it('every example of docs/rotation.md is a config that Curfew takes', () => {
  expect(of('secrets').map(one => secretConfig.parse(one).id)).toEqual([
    'notes-key',
    'search-key',
    'app-database',
    'report-database',
    'orders-database',
    'orders-client',
  ])
  expect(of('stores').map(one => storeConfig.parse(one).kind)).toEqual([
    'vault-kv',
    'aws-secrets-manager',
    'standing',
    'vault-database',
    'vault-dynamic',
    'oauth-clients',
  ])
})

it('its stores are those that its secrets name, or are described elsewhere', () => {
  const known = new Set([...of('stores').map(one => storeConfig.parse(one).id), 'mcp-keys'])
  const named = of('secrets').flatMap(one => {
    const { keeper, issuer } = secretConfig.parse(one)
    return [keeper.store, issuer.store]
  })
  expect(named.filter(id => !known.has(id))).toEqual([])
})
