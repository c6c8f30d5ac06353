import type { A2aConfig } from '../../../schemas/dialects-lifecycle.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import type { Delivery, Dialect, Said } from './dialect.ts'
import { field, jsonOf, textOf } from './fields.ts'
import { authenticator } from './signatures/authenticate.ts'
import { saidOfTask, type TaskState } from './task-said.ts'

/** Of A2A v1.0 and of v0.3. Spelled the British way, too: an end that is not understood leaves a credential alive. */
const states = new Map<string, TaskState>(
  Object.entries({
    submitted: 'started',
    working: 'working',
    'input-required': 'paused',
    'auth-required': 'paused',
    completed: 'completed',
    failed: 'failed',
    canceled: 'cancelled',
    cancelled: 'cancelled',
    rejected: 'failed',
  } as const).flatMap(([name, state]) => [
    [name, state],
    [`TASK_STATE_${name.replace('-', '_').toUpperCase()}`, state],
  ]),
)

/** A2A push notifications: at least once, in any order. What a task produced is not read. */
export const a2a = (config: A2aConfig): Dialect => ({
  verify: authenticator(config.authentication),
  read: delivery => read(config, delivery),
})

const read = (config: A2aConfig, { body }: Delivery): Said[] => {
  const told = notificationOf(jsonOf(body))
  if (told === 'message') return [{ says: 'nothing', code: 'message' }]
  const { taskId: task, contextId } = told
  const session = config.sessionIs === 'taskId' ? task : contextId
  if (task === undefined || session === undefined)
    throw new RejectedEvent('invalid_data', `the notification names no ${task === undefined ? 'task' : 'contextId'}`)
  const whole = config.sessionIs === 'taskId'
  // Pieces of an artifact come by the hundred: a sign of life, and no announcement.
  if (told.status === undefined)
    return saidOfTask({ session, task, state: 'working', since: undefined, body, whole, announces: false })
  const state = states.get(textOf(field(told.status, 'state')) ?? '')
  if (state === undefined) return [{ says: 'nothing', code: 'unknown_state' }]
  const since = textOf(field(told.status, 'timestamp'))
  return saidOfTask({ session, task, state, since, body, whole, announces: config.announces })
}

type Told = { taskId: string | undefined; contextId: string | undefined; status: unknown }

/** v1.0 tells the kinds apart by a member's name, v0.3 by `kind`; some send what a stream would, a JSON-RPC response. */
const notificationOf = (json: unknown): Told | 'message' => {
  const inner = field(json, 'jsonrpc') === undefined ? json : field(json, 'result')
  const kind = field(inner, 'kind')
  const named = (name: string, oldKind: string) => (kind === oldKind ? inner : field(inner, name))
  const task = named('task', 'task')
  if (task !== undefined) return told(task, 'id', field(task, 'status') ?? {})
  const status = named('statusUpdate', 'status-update')
  if (status !== undefined) return told(status, 'taskId', field(status, 'status') ?? {})
  const artifact = named('artifactUpdate', 'artifact-update')
  if (artifact !== undefined) return told(artifact, 'taskId', undefined)
  if (named('message', 'message') !== undefined) return 'message'
  throw new RejectedEvent('invalid_data', 'no task, statusUpdate, artifactUpdate or message of A2A')
}

const told = (value: unknown, idName: string, status: unknown): Told => ({
  taskId: textOf(field(value, idName)),
  contextId: textOf(field(value, 'contextId')),
  status,
})
