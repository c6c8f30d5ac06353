import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { openApiYaml } from '../../infra/openapi-yaml.ts'
import { apiWorld, grantEntry, sessionDetail } from '../support/api-world.ts'

type Parameter = { name: string; in: string; schema: object }
type Operation = { operationId: string; parameters: Parameter[]; responses: Record<string, { content?: object }> }
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object> } }
const committed = readFileSync(join(import.meta.dirname, '../../docs/contract/openapi.yaml'), 'utf8')
const document = parse(committed) as Document
const problems = async (change: object = {}) =>
  (await new Validator().validate({ ...structuredClone(document), ...change } as never)).errors

describe('the published HTTP contract', () => {
  it('docs/contract/openapi.yaml is current (npm run schemas)', () => expect(committed).toBe(openApiYaml()))

  it('is valid by the official schema of OpenAPI 3.1, and a broken one would not be', async () => {
    expect(await problems()).toBeUndefined()
    expect(await problems({ paths: { '/x': { get: { responses: 'none' } } } })).not.toBeUndefined()
    expect(await problems({ info: { title: 'Curfew' } })).not.toBeUndefined()
  })

  it('every reference leads somewhere, and no operation is named twice', () => {
    for (const [, name] of committed.matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(document.components.schemas).toHaveProperty(name ?? '')
    const ids = Object.values(document.paths).flatMap(one => Object.values(one).map(operation => operation.operationId))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('is served as it is published', async () => {
    const { call } = apiWorld()
    const served = await call('GET', '/v1/openapi.json', { token: 'issuer-token' })
    expect(served.json()).toEqual(document)
    expect((await call('GET', '/v1/openapi.json')).statusCode).toBe(401)
  })

  it('what the API answers is what the document says', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema({ $id: 'doc', components: document.components })
    const read = {
      session: async () => sessionDetail(),
      grants: async () => ({ grants: [grantEntry({ labels: ['a=b'] })], complete: true }),
    }
    const { call } = apiWorld({ read })
    const token = 'local'
    const plan = await call('POST', '/v1/plans', { token, body: { selector: { store: 'vault-a' }, reason: 'x' } })
    const id = plan.json().plan
    const answers: [string, unknown][] = [
      ['Plan', plan.json()],
      ['PlanDetail', (await call('GET', `/v1/plans/${id}`, { token })).json()],
      [
        'ApplyAnswer',
        (await call('POST', `/v1/plans/${id}/apply`, { token, body: { hash: plan.json().hash } })).json(),
      ],
      ['GrantList', (await call('GET', '/v1/grants', { token })).json()],
      ['Session', (await call('GET', '/v1/sessions/s-1', { token })).json()],
      ['Status', (await call('GET', '/v1/status', { token })).json()],
      ['Health', (await call('GET', '/healthz')).json()],
      ['Error', (await call('GET', '/v1/sessions')).json()],
    ]
    for (const [shape, answer] of answers) {
      const check = ajv.compile({ $ref: `doc#/components/schemas/${shape}` })
      expect([shape, check(answer) ? [] : check.errors]).toEqual([shape, []])
    }
  })

  it('a query says what it takes', () => {
    const parameters = document.paths['/v1/grants']?.get?.parameters
    expect(parameters?.map(one => [one.name, one.in])).toEqual([
      ['alivePastDue', 'query'],
      ['session', 'query'],
      ['limit', 'query'],
    ])
    expect(parameters?.[2]?.schema).toMatchObject({ type: 'integer', maximum: 10_000, default: 200 })
    expect(parameters?.[0]?.schema).toMatchObject({ type: 'boolean' })
  })
})
