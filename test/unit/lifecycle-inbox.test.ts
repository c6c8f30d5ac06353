import { afterEach, describe, expect, it } from 'vitest'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { secret, signers } from '../support/inbox-senders.ts'
import { inboxWorld } from '../support/inbox-world.ts'
import * as fixtures from '../support/lifecycle-fixtures.ts'

const bearer = [{ by: 'bearer', secrets: [{ file: 'secret' }] }]
const principal = 'orchestrator'
const senders = [
  { id: 'a2a', principal, dialect: 'a2a', authentication: bearer },
  { id: 'mcp', principal, dialect: 'mcp-tasks', authentication: bearer },
  {
    id: 'claude',
    principal,
    dialect: 'claude-agents',
    authentication: [{ by: 'standard-webhooks', secrets: [{ file: 'whsec' }] }],
  },
  { id: 'argo', principal, dialect: 'mapped', mapping: { preset: 'argo-workflows' }, authentication: bearer },
  { id: 'scanners', principal: 'scanner', dialect: 'a2a', authentication: bearer },
]
const at = 1_700_000_000_000

const worlds: { close(): void }[] = []
const world = (change: { now?: () => number } = {}) => {
  const one = inboxWorld(senders, { now: () => at, ...change })
  worlds.push(one)
  return one
}
afterEach(() => {
  for (const one of worlds.splice(0)) one.close()
})
const post = (one: ReturnType<typeof world>, sender: string, body: unknown, forged = false) => {
  const bytes = Buffer.from(JSON.stringify(body))
  const headers =
    sender === 'claude'
      ? signers.standardV1(forged ? Buffer.from('other') : bytes, at, 'msg_1')
      : { authorization: `Bearer ${forged ? 'another-secret-of-the-length' : secret}`, 'mcp-session-id': 'run-1' }
  return one.call('POST', `/v1/inbox/${sender}`, { body: bytes.toString(), headers })
}
const ends: [sender: string, body: unknown, fact: object][] = [
  ['a2a', fixtures.a2a.status('TASK_STATE_COMPLETED'), { kind: 'task.ended', task: 'task-7', reason: 'completed' }],
  ['a2a', fixtures.a2aOld.task('rejected'), { kind: 'task.ended', task: 'task-7', reason: 'failed' }],
  ['mcp', fixtures.mcpOld.notification('cancelled'), { kind: 'task.ended', reason: 'cancelled' }],
  ['mcp', fixtures.mcpNew.notification('completed'), { kind: 'task.ended', reason: 'completed' }],
  ['claude', fixtures.claude('session.status_terminated'), { kind: 'session.ended', cause: 'session_ended' }],
  ['argo', fixtures.argo('Failed'), { kind: 'session.ended', reason: 'Failed', inferred: true }],
]

describe('an orchestrator at the inbox', () => {
  it.each(ends)(
    '%s: an end is a fact by its principal, and only a mapped one is inferred',
    async (sender, body, fact) => {
      const one = world()
      const answer = await post(one, sender, body)
      expect([answer.statusCode, answer.json()]).toEqual([202, { events: 1, leaks: 0, nothing: {} }])
      expect(one.facts).toMatchObject([{ ...fact, by: 'orchestrator', at }])
      expect('inferred' in (one.facts[0] ?? {})).toBe(sender === 'argo')
    },
  )

  it.each(ends)('%s: a forged one is refused, and states nothing', async (sender, body) => {
    const one = world()
    expect((await post(one, sender, body, true)).statusCode).toBe(401)
    expect(one.facts).toEqual([])
  })

  it('a sender has its principal’s rights and no more', async () => {
    const one = world()
    const answer = await post(one, 'scanners', fixtures.a2a.status('TASK_STATE_COMPLETED'))
    expect([answer.statusCode, answer.json().code, one.facts]).toEqual([403, 'not_allowed', []])
  })

  it('a state without effect is accepted and counted, a delivery that names nothing is refused', async () => {
    const one = world()
    const unknown = await post(one, 'a2a', fixtures.a2a.status('TASK_STATE_OF_THE_FUTURE'))
    expect([unknown.statusCode, unknown.json().nothing]).toEqual([202, { unknown_state: 1 }])
    expect(one.counted['curfew_inbox_total a2a unknown_state']).toBe(1)
    expect((await post(one, 'argo', { status: { phase: 'Failed' } })).statusCode).toBe(400)
    expect(one.facts).toEqual([])
  })

  it('a delivery that comes five hundred times at one moment is one fact', async () => {
    const one = world()
    for (let i = 0; i < 500; i += 1)
      expect((await post(one, 'claude', fixtures.claude('session.deleted'))).statusCode).toBe(202)
    expect(new Set(one.facts.map(fact => factRecord(fact, 8).key)).size).toBe(1)
  })
})
