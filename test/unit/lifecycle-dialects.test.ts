import { afterAll, describe, expect, it } from 'vitest'
import type { Delivery, Dialect } from '../../services/intake/dialects/dialect.ts'
import { RejectedEvent } from '../../services/pipeline/errors.ts'
import * as fixtures from '../support/lifecycle-fixtures.ts'
import { delivery, lifecycleDialects, secretFiles, signV1, standardHeaders, told, whsec } from '../support/webhooks.ts'

const files = secretFiles()
afterAll(files.remove)
const dialectOf = lifecycleDialects(files)
const says = (dialect: Dialect, body: unknown, headers: Delivery['headers'] = {}) => {
  const said = dialect.read(delivery(body, headers))
  expect(JSON.stringify(said)).not.toContain(fixtures.planted)
  return told(said)
}
const refusal = (dialect: Dialect, body: unknown, headers: Delivery['headers'] = {}): string => {
  try {
    says(dialect, body, headers)
  } catch (error) {
    if (!(error instanceof RejectedEvent)) throw error
    expect(error.message).not.toContain(fixtures.planted)
    return `${error.code}: ${error.message}`
  }
  return 'accepted'
}

const context = '{"session":"context-3"}'
const inContext = '{"session":"context-3","task":"task-7"}'
const ends = (result: string) => [`task.finished {"session":"context-3","task":"task-7","result":"${result}"}`]
const announces = `session.started ${context}`

describe('A2A', () => {
  const dialect = dialectOf({ dialect: 'a2a' })
  it.each([
    ['TASK_STATE_SUBMITTED', 'submitted', [announces, `task.started ${inContext}`]],
    ['TASK_STATE_WORKING', 'working', [announces, `session.heartbeat ${context}`]],
    ['TASK_STATE_INPUT_REQUIRED', 'input-required', [announces, `task.paused ${inContext}`]],
    ['TASK_STATE_AUTH_REQUIRED', 'auth-required', [announces, `task.paused ${inContext}`]],
    ['TASK_STATE_COMPLETED', 'completed', ends('completed')],
    ['TASK_STATE_FAILED', 'failed', ends('failed')],
    ['TASK_STATE_CANCELED', 'canceled', ends('cancelled')],
    ['TASK_STATE_REJECTED', 'rejected', ends('failed')],
    ['TASK_STATE_UNSPECIFIED', 'unknown', ['nothing: unknown_state']],
    ['TASK_STATE_OF_THE_FUTURE', 'of-the-future', ['nothing: unknown_state']],
  ])('%s of v1.0, and %s of v0.3', (state, oldState, expected) => {
    expect(says(dialect, fixtures.a2a.status(state))).toEqual(expected)
    expect(says(dialect, fixtures.a2a.task(state))).toEqual(expected)
    expect(says(dialect, fixtures.a2aOld.task(oldState))).toEqual(expected)
    expect(says(dialect, fixtures.a2aOld.status(oldState))).toEqual(expected)
    expect(says(dialect, fixtures.a2aOld.response(oldState))).toEqual(expected)
  })

  it('a piece of an artifact is a sign of life, a message is nothing', () => {
    for (const shape of [fixtures.a2a, fixtures.a2aOld]) {
      expect(says(dialect, shape.artifact)).toEqual([`session.heartbeat ${context}`])
      expect(says(dialect, shape.message)).toEqual(['nothing: message'])
    }
  })

  it('however deep its artifacts are, and whatever else is in it, an end is understood', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const body = JSON.stringify(fixtures.a2a.task('TASK_STATE_FAILED'))
    expect(says(dialect, body.replace('"artifacts":', `"deep":${deep},"artifacts":`))).toEqual(ends('failed'))
  })

  it('a task may be the whole session, and somebody else may announce it', () => {
    const whole = dialectOf({ dialect: 'a2a', sessionIs: 'taskId', announces: false })
    expect(says(whole, fixtures.a2a.status('TASK_STATE_COMPLETED'))).toEqual([
      'session.ended {"session":"task-7","reason":"completed"}',
    ])
    expect(says(whole, fixtures.a2a.status('TASK_STATE_WORKING'))).toEqual(['session.heartbeat {"session":"task-7"}'])
  })

  it.each([
    ['no contextId', { statusUpdate: { taskId: 't', status: { state: 'TASK_STATE_FAILED' } } }, /names no contextId/],
    ['no task', { statusUpdate: { contextId: 'c', status: { state: 'TASK_STATE_FAILED' } } }, /names no task/],
    ['an id that is no text', { task: { id: 7, contextId: 'c', status: {} } }, /names no task/],
    ['another shape', { hello: 'world' }, /no task, statusUpdate/],
    ['an array', [], /no task, statusUpdate/],
    ['not JSON', '{', /not_json/],
    ['nothing', '', /empty/],
  ])('%s is refused by name', (_, body, expected) => expect(refusal(dialect, body)).toMatch(expected))
})

describe('MCP tasks', () => {
  const dialect = dialectOf({ dialect: 'mcp-tasks' })
  const header = { 'mcp-session-id': 'run-1' }
  const id = '786512e2-9e0d-44bd-8f29-789f320fe840'
  const task = `{"session":"run-1","task":"${id}"}`
  const finished = (result: string) => [`task.finished {"session":"run-1","task":"${id}","result":"${result}"}`]
  it.each([
    ['working', ['session.started {"session":"run-1"}', 'session.heartbeat {"session":"run-1"}']],
    ['input_required', ['session.started {"session":"run-1"}', `task.paused ${task}`]],
    ['completed', finished('completed')],
    ['failed', finished('failed')],
    ['cancelled', finished('cancelled')],
    ['unknown', ['nothing: unknown_state']],
  ])('%s, in both revisions', (status, expected) => {
    expect(says(dialect, fixtures.mcpOld.notification(status), header)).toEqual(expected)
    expect(says(dialect, fixtures.mcpOld.polled(status), header)).toEqual(expected)
    expect(says(dialect, fixtures.mcpNew.notification(status), header)).toEqual(expected)
  })

  it('a task that was just made is alive', () => {
    for (const created of [fixtures.mcpOld.created, fixtures.mcpNew.created])
      expect(says(dialect, created, header)).toContain('session.heartbeat {"session":"run-1"}')
  })

  it('what is no state of a task has no effect', () => {
    expect(says(dialect, fixtures.mcpNew.toolResult, header)).toEqual(['nothing: no_task_state'])
    expect(says(dialect, fixtures.mcpNew.progress, header)).toEqual(['nothing: no_task_state'])
  })

  it('the session may be named in _meta: the newer revision has no sessions of its own', () => {
    const byMeta = dialectOf({ dialect: 'mcp-tasks', session: { meta: 'com.example/session' } })
    expect(says(byMeta, fixtures.mcpNew.notification('failed'))).toEqual(finished('failed'))
    expect(refusal(byMeta, fixtures.mcpOld.notification('failed'))).toMatch(/_meta holds no com\.example\/session/)
  })

  it.each([
    ['no session', fixtures.mcpOld.notification('completed'), {}, /no session: the header mcp-session-id/],
    ['no task', { jsonrpc: '2.0', method: 'notifications/tasks', params: {} }, header, /names no taskId/],
    ['no JSON-RPC', { taskId: 't', status: 'completed' }, header, /not a JSON-RPC 2\.0 message/],
  ])('%s is refused by name', (_, body, headers, expected) => expect(refusal(dialect, body, headers)).toMatch(expected))
})

describe('Claude Managed Agents', () => {
  const secrets = [files.file('whsec', whsec)]
  const dialect = dialectOf({ dialect: 'claude-agents', authentication: [{ by: 'standard-webhooks', secrets }] })
  const session = '{"session":"sesn_01XYZ"}'
  const ended = (type: string) => [`session.ended {"session":"sesn_01XYZ","reason":"${type}"}`]
  const thread = '{"session":"sesn_01XYZ","task":"sthr_1"}'
  it.each([
    ['session.status_run_started', [`session.started ${session}`, `session.heartbeat ${session}`]],
    ['session.status_idled', [`session.heartbeat ${session}`]],
    ['session.status_rescheduled', [`session.heartbeat ${session}`]],
    ['session.budget_reached', [`session.heartbeat ${session}`]],
    ['session.status_terminated', ended('session.status_terminated')],
    ['session.archived', ended('session.archived')],
    ['session.deleted', ended('session.deleted')],
    ['session.thread_created', [`task.started ${thread}`]],
    ['session.thread_idled', [`task.paused ${thread}`]],
    ['session.thread_terminated', [`task.finished {"session":"sesn_01XYZ","task":"sthr_1","result":"completed"}`]],
    ['agent.archived', ['nothing: agent_offboarded']],
    ['agent.deleted', ['nothing: agent_offboarded']],
    ['vault.created', ['nothing: other_event']],
    ['session.of_the_future', ['nothing: other_event']],
  ])('%s', (type, expected) => {
    expect(says(dialect, fixtures.claude(type, { session_thread_id: 'sthr_1' }))).toEqual(expected)
  })

  it('is signed by Standard Webhooks', () => {
    const body = Buffer.from(JSON.stringify(fixtures.claude('session.status_terminated')))
    expect(() => dialect.verify(delivery(body, standardHeaders(body, signV1())))).not.toThrow()
    expect(() => dialect.verify(delivery(body))).toThrow(RejectedEvent)
  })

  it.each([
    ['no type', { type: 'event', id: 'e', data: { id: 's' } }, /no data\.type/],
    ['no session', { id: 'e', data: { type: 'session.deleted' } }, /no data\.id/],
    ['no id', { data: { type: 'session.deleted', id: 's' } }, /the event has no id/],
    ['no thread', fixtures.claude('session.thread_idled'), /no data\.session_thread_id/],
  ])('%s is refused by name', (_, body, expected) => expect(refusal(dialect, body)).toMatch(expected))
})

describe('mappings that come with Curfew', () => {
  const by = (preset: string) => dialectOf({ dialect: 'mapped', mapping: { preset } })
  const [argo, temporal, langgraph] = [by('argo-workflows'), by('temporal'), by('langgraph-platform')]
  const workflow = '{"session":"6f0c1a52-uid"'
  const run = '{"session":"0190f3a1-run"'
  const task = '{"session":"9dde5490-thread","task":"1ef67e94-run"'
  it.each([
    ['Argo', argo, fixtures.argo('Running'), `session.started ${workflow}} (inferred)`],
    ['Argo', argo, fixtures.argo('Succeeded'), `session.ended ${workflow},"reason":"Succeeded"} (inferred)`],
    ['Argo', argo, fixtures.argo('Failed'), `session.ended ${workflow},"reason":"Failed"} (inferred)`],
    ['Argo', argo, fixtures.argo('Error'), `session.ended ${workflow},"reason":"Error"} (inferred)`],
    ['Temporal', temporal, fixtures.temporal('Running'), `session.started ${run}} (inferred)`],
    [
      'Temporal',
      temporal,
      fixtures.temporal('WORKFLOW_EXECUTION_STATUS_PAUSED'),
      `session.heartbeat ${run}} (inferred)`,
    ],
    ...['COMPLETED', 'FAILED', 'CANCELED', 'TERMINATED', 'CONTINUED_AS_NEW', 'TIMED_OUT']
      .map(name => `WORKFLOW_EXECUTION_STATUS_${name}`)
      .map((name): [string, Dialect, unknown, string] => [
        'Temporal',
        temporal,
        fixtures.temporal(name),
        `session.ended ${run},"reason":"${name}"} (inferred)`,
      ]),
    ['LangGraph', langgraph, fixtures.langgraph('success'), `task.finished ${task},"result":"completed"} (inferred)`],
    ['LangGraph', langgraph, fixtures.langgraph('error'), `task.finished ${task},"result":"failed"} (inferred)`],
    ['LangGraph', langgraph, fixtures.langgraph('timeout'), `task.finished ${task},"result":"failed"} (inferred)`],
    [
      'LangGraph',
      langgraph,
      fixtures.langgraph('interrupted'),
      `task.finished ${task},"result":"cancelled"} (inferred)`,
    ],
    ['LangGraph', langgraph, fixtures.langgraph('of the future'), 'nothing: unknown_state'],
    ['LangGraph', langgraph, fixtures.langgraph('__proto__'), 'nothing: unknown_state'],
  ])('%s', (_, dialect, body, expected) => expect(says(dialect, body)).toEqual([expected]))

  it.each([
    ['no state', argo, { metadata: { uid: 'u' } }, /there is no text at status\.phase/],
    ['no session', argo, { status: { phase: 'Failed' } }, /there is no text at metadata\.uid/],
    ['half an id', temporal, { status: 'Failed', execution: { runId: '' } }, /there is no text at execution\.runId/],
    [
      'an id that JSON has rounded',
      temporal,
      '{"status":"Failed","execution":{"runId":90071992547409931}}',
      /execution\.runId/,
    ],
    ['half a surrogate pair', temporal, { status: 'Failed', execution: { runId: '\ud800' } }, /execution\.runId/],
    ['an id that is an object', langgraph, { status: 'error', thread_id: {}, run_id: 'r' }, /no text at thread_id/],
  ])('%s is refused by the place', (_, dialect, body, expected) => expect(refusal(dialect, body)).toMatch(expected))
})
