import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { senderConfig } from '../../schemas/inbox.ts'
import { loadMapping, parseMapping, shippedMappings } from '../../services/intake/dialects/load-mapping.ts'
import { readMapped } from '../../services/intake/dialects/mapped.ts'
import { told } from '../support/webhooks.ts'

const good = `format: 1
product: an orchestrator
tried: in the tests
only: { kind: [run, 7] }
state: "/status/phase.name"
states:
  Running: session.started
  Waiting: task.paused
  Done: session.ended
  StepDone: { event: task.finished, result: completed }
  Ignored: nothing
  "1": session.heartbeat
session: "{{meta.namespace}}/{{ meta.runs.0 }}"
task: "{{/meta/a~1b}}"
agent: "{{meta.agent}}"
`
const body = (state: unknown, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      kind: 'run',
      status: { 'phase.name': state },
      meta: { namespace: 'ns', runs: [42], 'a/b': 'step', agent: 'a' },
      ...more,
    }),
  )
const wrong = (from: string, to: string): string => {
  expect(good).toContain(from)
  try {
    parseMapping(good.replace(from, to), 'mine.yaml')
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return 'it was accepted'
}

describe('a mapping', () => {
  it.each(shippedMappings())('%s is valid, and says what it was tried against', name =>
    expect(loadMapping({ preset: name }).tried).toMatch(/untested/),
  )

  it.each([
    ['Running', 'session.started {"session":"ns/42","agent":"a"} (inferred)'],
    ['Waiting', 'task.paused {"session":"ns/42","task":"step"} (inferred)'],
    ['Done', 'session.ended {"session":"ns/42","reason":"Done"} (inferred)'],
    ['StepDone', 'task.finished {"session":"ns/42","task":"step","result":"completed"} (inferred)'],
    [1, 'session.heartbeat {"session":"ns/42"} (inferred)'],
    ['Ignored', 'nothing: no_effect'],
    ['done', 'nothing: unknown_state'],
  ])('%s becomes %s', (state, expected) =>
    expect(told(readMapped(parseMapping(good, 'mine.yaml'), body(state)))).toEqual([expected]),
  )

  it('leaves alone what it is not meant for', () => {
    const mapping = parseMapping(good, 'mine.yaml')
    expect(told(readMapped(mapping, body('Done', { kind: 'other' })))).toEqual(['nothing: not_meant'])
    expect(told(readMapped(mapping, body('Done', { kind: 7 })))).toHaveLength(1)
    expect(told(readMapped(mapping, body('Done', { kind: '7' })))).toEqual(['nothing: not_meant'])
  })

  it('a name that every object inherits stands for nothing', () => {
    const inherited = parseMapping(good.replace('{{meta.namespace}}', '{{constructor.name}}'), 'mine.yaml')
    expect(() => readMapped(inherited, body('Done'))).toThrow('there is no text at constructor.name')
  })

  it('an end that is told again is the same statement, a sign of life is not', () => {
    const mapping = parseMapping(good, 'mine.yaml')
    const ids = (state: string) =>
      [1, 1, 2].map(sent => readMapped(mapping, body(state, { sent })).map(said => 'id' in said && said.id))
    expect(new Set(ids('Done').flat()).size).toBe(1)
    expect(new Set(ids('StepDone').flat()).size).toBe(1)
    expect(new Set(ids('Waiting').flat()).size).toBe(2)
  })

  it.each([
    ['a field that does not exist', 'states:', 'stats:', /line 6, stats: there is no such field/],
    [
      'a field that is missing',
      'session: "{{meta.namespace}}/{{ meta.runs.0 }}"\n',
      '',
      /line \d+, session: is missing/,
    ],
    [
      'an event that does not exist',
      'Done: session.ended',
      'Done: session.end',
      /line 9, states\.Done: one of session\.started, .*, or \{event: task\.finished, result: /,
    ],
    ['a result that does not exist', 'result: completed', 'result: success', /line 10, states\.StepDone: one of /],
    [
      'a place that is none',
      'state: "/status/phase.name"',
      'state: "status..phase"',
      /line 5, state: a place is dotted/,
    ],
    [
      'a place in braces that is none',
      '{{meta.namespace}}',
      '{{meta namespace}}',
      /line 13, session: \{\{meta namespace\}\} is no place/,
    ],
    [
      'a session without a place',
      '"{{meta.namespace}}/{{ meta.runs.0 }}"',
      'all',
      /line 13, session: a text with at least one/,
    ],
    ['a brace too many', '"{{meta.agent}}"', '"{{meta.agent}}}"', /line 15, agent: a brace is left over/],
    [
      'a task that is not named',
      'task: "{{/meta/a~1b}}"\n',
      '',
      /line 8, states\.Waiting: is a task's event: say with `task`/,
    ],
    [
      'nothing that ends',
      '  Done: session.ended\n  StepDone: { event: task.finished, result: completed }\n',
      '',
      /line 6, states: none of them ends a session or a task/,
    ],
    ['YAML that is none', 'format: 1', 'format: [1', /mine\.yaml is not valid YAML: .* at line \d+/],
  ])('%s is told by line and field', (_, from, to, said) => expect(wrong(from, to)).toMatch(said))

  it("the guide's examples are valid", () => {
    const guide = readFileSync(join(import.meta.dirname, '../../docs/orchestrators.md'), 'utf8')
    const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml ?? '')
    const mappings = blocks.filter(yaml => yaml.includes('format: 1'))
    const senders = blocks.flatMap((yaml): object[] => {
      const read = parse(yaml) as { inbox?: { senders: object[] } } | object[]
      return Array.isArray(read) ? read : (read.inbox?.senders ?? [])
    })
    expect([mappings.length, senders.length]).toEqual([1, 4])
    for (const yaml of mappings) parseMapping(yaml, 'the guide')
    for (const sender of senders) expect(senderConfig.parse(sender)).toMatchObject(sender)
  })

  it('one that does not exist is answered with those that do', () => {
    expect(() => loadMapping({ preset: 'argo' })).toThrow('no mapping "argo"; there are argo-workflows, langgraph-')
    expect(() => loadMapping({ presetFile: 'no/such.yaml' })).toThrow('there is no mapping at no/such.yaml')
  })
})
