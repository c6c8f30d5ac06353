import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { config } from '../../schemas/config.ts'
import { jsonSchemas } from '../../schemas/json-schemas.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'

describe('schemas', () => {
  it.each(Object.entries(jsonSchemas()))('schemas/json/%s is current (npm run schemas)', (name, text) => {
    expect(readFileSync(join(import.meta.dirname, '../../schemas/json', `${name}.schema.json`), 'utf8')).toBe(text)
  })
})

const vault = (id: string) => ({
  id,
  kind: 'vault',
  address: 'https://127.0.0.1:8200',
  auth: { roleId: 'r', secretIdFile: 'f' },
})
const good = {
  kafka: { brokers: ['127.0.0.1:9092'], principals: { lifecycle: 'a', grants: 'a', leaks: 'a' } },
  redis: { url: 'redis://127.0.0.1' },
  keysDir: 'keys',
  principals: [{ id: 'a', tenant: 'acme', may: { lifecycle: true, grant: ['v'], leak: true } }],
  stores: [vault('v')],
}
const problems = (change: object) => {
  const parsed = config.safeParse({ ...good, ...change })
  return parsed.success ? [] : parsed.error.issues.map(issue => issue.message)
}

describe('the config is checked whole', () => {
  it('a good one passes', () => expect(problems({})).toEqual([]))
  it('a topic without its principal is named', () =>
    expect(problems({ principals: [{ id: 'b', tenant: 'acme', may: {} }] })).toContain(
      'kafka.principals.lifecycle: no principal "a"',
    ))
  it('a grant for a store that does not exist is named', () =>
    expect(problems({ stores: [] })).toContain('principals.a: no store "v"'))
  it('a store of two tenants is refused: one tenant could end what the other holds', () =>
    expect(
      problems({ principals: [...good.principals, { id: 'b', tenant: 'globex', may: { grant: ['v'] } }] }).join(),
    ).toContain('two tenants'))
  it('an unknown field is refused', () => expect(problems({ keyDir: 'x' }).join()).toContain('keyDir'))
})

it('the example config is valid', () => {
  const example = loadConfig(join(import.meta.dirname, '../../curfew.example.yaml'))
  expect(example.stores.map(store => store.id)).toEqual(['vault-prod', 'mcp-oauth', 'mcp-keys', 'aws-prod', 'kv-prod'])
})
