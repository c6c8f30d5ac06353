import type { ClaudeAgentsConfig } from '../../../schemas/dialects-lifecycle.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import type { Delivery, Dialect, Said } from './dialect.ts'
import { field, jsonOf, textOf } from './fields.ts'
import { authenticator } from './signatures/authenticate.ts'
import { announced } from './task-said.ts'

/** What an event means for the session that `data.id` names. A thread of it is a task. */
const meanings = new Map<string, 'announce' | 'alive' | 'ended' | 'task.started' | 'task.paused' | 'task.finished'>([
  ['session.created', 'announce'],
  ['session.status_run_started', 'announce'],
  ['session.running', 'announce'],
  ['session.pending', 'alive'],
  ['session.updated', 'alive'],
  ['session.idled', 'alive'],
  ['session.status_idled', 'alive'],
  ['session.requires_action', 'alive'],
  ['session.budget_reached', 'alive'],
  ['session.status_rescheduled', 'alive'],
  ['session.status_terminated', 'ended'],
  ['session.archived', 'ended'],
  ['session.deleted', 'ended'],
  ['session.thread_created', 'task.started'],
  ['session.thread_idled', 'task.paused'],
  ['session.thread_terminated', 'task.finished'],
])

/** Webhooks of Claude Managed Agents: `data` holds a type and ids only, which is all that an end needs. At least once, unordered. */
export const claudeAgents = (config: ClaudeAgentsConfig): Dialect => ({
  verify: authenticator(config.authentication),
  read: delivery => read(config, delivery),
})

const read = (config: ClaudeAgentsConfig, { headers, body }: Delivery): Said[] => {
  const event = jsonOf(body)
  const data = field(event, 'data')
  const type = textOf(field(data, 'type'))
  if (type === undefined) throw new RejectedEvent('invalid_data', 'the event has no data.type')
  // An agent's end names none of its sessions: each of them ends by its own event.
  if (type === 'agent.archived' || type === 'agent.deleted') return [{ says: 'nothing', code: 'agent_offboarded' }]
  const meaning = meanings.get(type)
  if (meaning === undefined) return [{ says: 'nothing', code: 'other_event' }]
  const session = textOf(field(data, 'id'))
  // A repeated delivery has the same id, in the envelope and in the header.
  const id = textOf(field(event, 'id')) ?? textOf(headers['webhook-id'])
  if (session === undefined || id === undefined)
    throw new RejectedEvent('invalid_data', `the event has no ${session === undefined ? 'data.id' : 'id'}`)
  const alive: Said = { says: 'event', id, type: 'curfew.session.heartbeat', data: { session } }
  switch (meaning) {
    case 'announce':
      return [...(config.announces ? [announced(session)] : []), alive]
    case 'alive':
      return [alive]
    case 'ended':
      return [{ says: 'event', id, type: 'curfew.session.ended', data: { session, reason: type } }]
    default:
      return [threadSaid(meaning, id, session, textOf(field(data, 'session_thread_id')))]
  }
}

const threadSaid = (
  meaning: 'task.started' | 'task.paused' | 'task.finished',
  id: string,
  session: string,
  task: string | undefined,
): Said => {
  if (task === undefined) throw new RejectedEvent('invalid_data', 'the event has no data.session_thread_id')
  const result = meaning === 'task.finished' ? { result: 'completed' as const } : {}
  return { says: 'event', id, type: `curfew.${meaning}`, data: { session, task, ...result } }
}
