import type { z } from 'zod'
import { deadLetter } from './dead-letter.ts'
import { type EventType, eventData, eventRight } from './events.ts'
import { type OutcomeEventType, outcomeEventData } from './outcome-events.ts'

/** One message of the contract: what it says, in a sentence, its `data`, and an example of it. */
export type ContractMessage = { summary: string; data: z.ZodType; example?: unknown; key?: string }

const session = '9f1c2b7e-run'
const fingerprint = `p1:${'0'.repeat(64)}`

const inputs: Record<EventType, { summary: string; example: unknown }> = {
  'curfew.session.started': {
    summary: 'A session has begun. Its credentials live for its maximum life at most.',
    example: { session, agent: 'researcher', maxLifeMs: 3_600_000, idleMs: 600_000 },
  },
  'curfew.session.heartbeat': { summary: 'A session is alive.', example: { session } },
  'curfew.session.ended': {
    summary: 'A session is over: every credential of it is due now.',
    example: { session, reason: 'done' },
  },
  'curfew.task.started': { summary: 'A task has begun: a sign of life.', example: { session, task: 'task-1' } },
  'curfew.task.paused': {
    summary: 'A task waits for somebody: a sign of life, the last one until it goes on.',
    example: { session, task: 'task-1' },
  },
  'curfew.task.resumed': { summary: 'A task goes on: a sign of life.', example: { session, task: 'task-1' } },
  'curfew.task.finished': {
    summary: 'A task is over: what was granted to it is due now.',
    example: { session, task: 'task-1', result: 'completed' },
  },
  'curfew.credential.granted': {
    summary: 'A credential was handed to a session. Values only as JWE to the intake key, never in clear.',
    example: {
      session,
      task: 'task-1',
      store: 'vault-prod',
      kind: 'vault.token',
      handle: '7ab1c9accessor',
      fingerprints: [fingerprint],
      expiresAt: '2026-11-25T12:00:00Z',
    },
  },
  'curfew.credential.renewed': {
    summary: 'A credential lives longer than was said.',
    example: { store: 'vault-prod', handle: '7ab1c9accessor', expiresAt: '2026-11-25T13:00:00Z' },
  },
  'curfew.leak.detected': {
    summary: 'A secret was found where it does not belong: exactly one of `fingerprint` and `sealed` (JWE).',
    example: { fingerprint, source: 'scanner' },
  },
}

const outcomes: Record<OutcomeEventType, { summary: string; key: string }> = {
  'curfew.credential.revoked': {
    summary:
      'The record of one death. `outcome` says which: read it, not only the type. At least once; the id is the receipt.',
    key: 'the credential id',
  },
  'curfew.session.closed': {
    summary: 'A session is over and every credential of it has an outcome. A later grant closes it again.',
    key: 'the session key',
  },
  'curfew.secret.rotated': {
    summary: 'A rotation of a registered secret has ended. `result` says how: read it, not only the type.',
    key: 'the secret id',
  },
}

const inputMessages = (right: 'lifecycle' | 'grant' | 'leak'): [string, ContractMessage][] =>
  (Object.keys(inputs) as EventType[])
    .filter(type => eventRight[type] === right)
    .map(type => [type, { ...inputs[type], data: eventData[type] }])

/** What is on each topic, by its name in the config (`kafka.topics`). The facts topic is Curfew's own, and no contract. */
export const contractMessages = {
  lifecycle: inputMessages('lifecycle'),
  grants: inputMessages('grant'),
  leaks: inputMessages('leak'),
  outcomes: (Object.keys(outcomes) as OutcomeEventType[]).map((type): [string, ContractMessage] => [
    type,
    { ...outcomes[type], data: outcomeEventData[type] },
  ]),
  deadLetters: [
    [
      'curfew.dead-letter',
      {
        summary: 'What could not be taken in, and why; never its payload.',
        data: deadLetter,
        key: 'topic/partition/offset',
      },
    ],
  ] as [string, ContractMessage][],
}
