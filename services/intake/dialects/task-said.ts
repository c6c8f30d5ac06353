import { createHash } from 'node:crypto'
import type { Said } from './dialect.ts'

/** A task's state in our words. */
export type TaskState = 'started' | 'working' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type TaskStatement = {
  session: string
  task: string
  state: TaskState
  /** When the sender says that it became so; absent: the delivery's bytes tell one sign of life from the next. */
  since: string | undefined
  body: Buffer
  /** The task is the whole session. */
  whole: boolean
  announces: boolean
}

/**
 * A state that is an end is one statement however often it comes, in whatever body. Signs of life are told apart, so that a
 * repeated delivery is one and the next one is another.
 */
export const saidOfTask = (statement: TaskStatement): Said[] => {
  const { session, task, state, announces } = statement
  if (isEnd(state)) return [saidOfEnd(statement, state)]
  const id = JSON.stringify([session, task, state, statement.since ?? bytesOf(statement.body)])
  const type = lifeTypes[state]
  const data = type === 'curfew.session.heartbeat' ? { session } : { session, task }
  return [...(announces ? [announced(session)] : []), { says: 'event', id, type, data }]
}

/** Told again it starts nothing anew: the first start counts, and an end stays an end. */
export const announced = (session: string): Said => ({
  says: 'event',
  id: JSON.stringify([session, 'started']),
  type: 'curfew.session.started',
  data: { session },
})

export const bytesOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex')

const lifeTypes = {
  started: 'curfew.task.started',
  working: 'curfew.session.heartbeat',
  paused: 'curfew.task.paused',
} as const

type End = Exclude<TaskState, keyof typeof lifeTypes>
const isEnd = (state: TaskState): state is End => !Object.hasOwn(lifeTypes, state)

const saidOfEnd = ({ session, task, whole }: TaskStatement, result: End): Said => {
  const id = JSON.stringify([session, task, result])
  return whole
    ? { says: 'event', id, type: 'curfew.session.ended', data: { session, reason: result } }
    : { says: 'event', id, type: 'curfew.task.finished', data: { session, task, result } }
}
