import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { CloudEvent } from 'cloudevents'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { asyncApiYaml } from '../../infra/asyncapi-yaml.ts'
import { eventData, eventTypes } from '../../schemas/events.ts'
import { outcomeEventData } from '../../schemas/outcome-events.ts'
import { parseEvent } from '../../services/intake/parse-event.ts'
import { facts } from '../support/facts.ts'

type Message = { payload: object; contentType: string; examples?: { payload: { type: string; data: unknown } }[] }
type Document = {
  asyncapi: string
  channels: Record<string, { address: string; messages: Record<string, unknown> }>
  components: { messages: Record<string, Message>; schemas: Record<string, object> }
}
const committed = readFileSync(join(import.meta.dirname, '../../docs/contract/asyncapi.yaml'), 'utf8')
const document = parse(committed) as Document

/** The official schema of AsyncAPI 3.0.0, as the AsyncAPI initiative publishes it. */
const official = (): ValidateFunction => {
  const specs = createRequire(import.meta.url)('@asyncapi/specs') as { schemas: Record<string, object> }
  // It holds the draft 7 meta-schema under its own id, as Ajv does.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, meta: false })
  return ajv.compile(specs.schemas['3.0.0'] ?? {})
}

/** The payload of a message, with what it refers to in the document. */
const payloadOf = (type: string): ValidateFunction =>
  new Ajv({ strict: false, validateFormats: false }).compile({
    ...document.components.messages[type]?.payload,
    components: document.components,
  })
const problems = (check: ValidateFunction, value: unknown) => {
  check(JSON.parse(JSON.stringify(value)))
  return check.errors ?? []
}

describe('the published contract', () => {
  it('docs/contract/asyncapi.yaml is current (npm run schemas)', () => expect(committed).toBe(asyncApiYaml()))

  it('is valid by the official schema of AsyncAPI 3', () => {
    expect(document.asyncapi).toBe('3.0.0')
    expect(problems(official(), document)).toEqual([])
  })

  it('would not be valid with a channel that has no messages object, or an action that does not exist', () => {
    const check = official()
    expect(problems(check, { ...document, channels: { lifecycle: { messages: 'none' } } })).not.toEqual([])
    expect(problems(check, { ...document, operations: { read: { action: 'read' } } })).not.toEqual([])
    expect(problems(check, { ...document, info: { title: 'Curfew' } })).not.toEqual([])
  })

  it('has every event that Curfew reads on one input topic, and every one that it tells', () => {
    const on = (...names: string[]) => names.flatMap(name => Object.keys(document.channels[name]?.messages ?? {}))
    expect(on('lifecycle', 'grants', 'leaks').sort()).toEqual([...eventTypes].sort())
    expect(on('outcomes').sort()).toEqual(Object.keys(outcomeEventData).sort())
    expect(Object.keys(document.components.schemas).sort()).toEqual(Object.keys(document.components.messages).sort())
  })

  it.each(eventTypes)('the example of %s is an event that Curfew takes in, and valid by the document', type => {
    const example = document.components.messages[type]?.examples?.[0]?.payload
    expect(problems(payloadOf(type), example)).toEqual([])
    const parsed = parseEvent({
      headers: { 'content-type': 'application/cloudevents+json' },
      body: Buffer.from(JSON.stringify(example)),
      attributePrefix: 'ce_',
    })
    expect(parsed.type).toBe(type)
    expect(eventData[type].safeParse(example?.data).success).toBe(true)
  })

  it('a message without what its event needs is not valid', () => {
    const example = document.components.messages['curfew.task.finished']?.examples?.[0]?.payload
    expect(problems(payloadOf('curfew.task.finished'), { ...example, data: { session: 's' } })).not.toEqual([])
    expect(problems(payloadOf('curfew.task.finished'), { ...example, type: 'curfew.task.started' })).not.toEqual([])
  })

  it('what Curfew tells is valid by the document', () => {
    const outcome = facts.outcome('h', 1_800_000_000_000)
    if (outcome.kind !== 'outcome') throw new Error('no outcome')
    const { receipt } = outcome
    const tell = (type: string, data: unknown) =>
      new CloudEvent({
        id: receipt.receipt,
        type,
        source: '/curfew',
        time: new Date(1_800_000_000_000).toISOString(),
        data,
      })
    const revoked = tell('curfew.credential.revoked', receipt)
    expect(problems(payloadOf('curfew.credential.revoked'), revoked)).toEqual([])
    const closed = { tenant: 'acme', session: 's', endedAt: 1, number: 1, grants: [], grantsOmitted: 0 }
    const told = tell('curfew.session.closed', closed)
    expect(problems(payloadOf('curfew.session.closed'), told)).toEqual([])
  })
})
