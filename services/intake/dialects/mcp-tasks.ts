import type { McpTasksConfig } from '../../../schemas/dialects-lifecycle.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import type { Delivery, Dialect, Said } from './dialect.ts'
import { field, jsonOf, textOf } from './fields.ts'
import { authenticator } from './signatures/authenticate.ts'
import { saidOfTask, type TaskState } from './task-said.ts'

/** The same names in both revisions. Spelled the American way, too: an end that is not understood leaves a credential alive. */
const states = new Map<string, TaskState>([
  ['working', 'working'],
  ['input_required', 'paused'],
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
])

/** 2025-11-25, and the extension of 2026-07-28. */
const methods = ['notifications/tasks/status', 'notifications/tasks']

/**
 * MCP itself calls no webhook: the host (or a gateway) forwards the JSON-RPC message in which it learned a task's state: the
 * notification, or the answer to tools/call, tasks/get or tasks/cancel. A notification is optional in both revisions: a host that polls forwards
 * what it polled. The result of a finished task may hold anything, and is not read.
 */
export const mcpTasks = (config: McpTasksConfig): Dialect => ({
  verify: authenticator(config.authentication),
  read: delivery => read(config, delivery),
})

const read = (config: McpTasksConfig, delivery: Delivery): Said[] => {
  const json = jsonOf(delivery.body)
  const task = taskOf(json)
  if (task === undefined) return [{ says: 'nothing', code: 'no_task_state' }]
  const taskId = textOf(field(task, 'taskId'))
  if (taskId === undefined) throw new RejectedEvent('invalid_data', 'the message names no taskId')
  const session = sessionOf(config, delivery, task, json)
  if (session === undefined) throw new RejectedEvent('invalid_data', `no session: ${where(config)}`)
  const state = states.get(textOf(field(task, 'status')) ?? '')
  if (state === undefined) return [{ says: 'nothing', code: 'unknown_state' }]
  const since = textOf(field(task, 'lastUpdatedAt'))
  const { body } = delivery
  return saidOfTask({ session, task: taskId, state, since, body, whole: false, announces: config.announces })
}

/** Other notifications, and answers that are no task's state, are not refused: a host may forward all of them. */
const taskOf = (json: unknown): unknown => {
  if (field(json, 'jsonrpc') !== '2.0') throw new RejectedEvent('invalid_data', 'not a JSON-RPC 2.0 message')
  const method = field(json, 'method')
  if (method !== undefined) return methods.some(one => one === method) ? (field(json, 'params') ?? {}) : undefined
  const result = field(json, 'result')
  // 2025-11-25 answers tools/call with { task }; 2026-07-28 with the task itself.
  const task = field(result, 'task') ?? result
  return field(task, 'taskId') === undefined ? undefined : task
}

const sessionOf = ({ session }: McpTasksConfig, { headers }: Delivery, task: unknown, json: unknown) =>
  'header' in session
    ? textOf(headers[session.header])
    : (textOf(field(field(task, '_meta'), session.meta)) ??
      textOf(field(field(field(json, 'result'), '_meta'), session.meta)))

const where = ({ session }: McpTasksConfig) =>
  'header' in session ? `the header ${session.header} is missing` : `_meta holds no ${session.meta}`
