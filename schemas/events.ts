import { z } from 'zod'
import { credentialKind } from './grant.ts'
import { durationMs, fingerprint, handle, jwe, labels, senderId, storeId } from './primitives.ts'

/** `data` of each CloudEvents 1.0 type that Curfew reads. Unknown fields are ignored; no field carries a value in clear. */
const limits = {
  /** Longest life of the session, in ms from its start; the config's default and cap apply. */
  maxLifeMs: durationMs.optional(),
  /** The session is over when nothing was heard of it for this long, in ms; absent: the config's default. */
  idleMs: durationMs.optional(),
}
const inTask = { session: senderId, task: senderId }

export const eventData = {
  'curfew.session.started': z.object({
    session: senderId,
    agent: z.string().max(256).optional(),
    labels: labels.optional(),
    ...limits,
  }),
  'curfew.session.heartbeat': z.object({ session: senderId }),
  'curfew.session.ended': z.object({ session: senderId, reason: z.string().max(256).optional() }),
  'curfew.task.started': z.object(inTask),
  'curfew.task.paused': z.object(inTask),
  'curfew.task.resumed': z.object(inTask),
  'curfew.task.finished': z.object({ ...inTask, result: z.enum(['completed', 'failed', 'cancelled']) }),
  'curfew.credential.granted': z.object({
    session: senderId,
    task: senderId.optional(),
    store: storeId,
    kind: credentialKind,
    handle,
    /** The name that the enforcing system uses, for example the database role behind a lease. Not a secret. */
    target: z.string().min(1).max(256).optional(),
    labels: labels.optional(),
    /** Fingerprints of the whole value and of each credential-bearing field. */
    fingerprints: z.array(fingerprint).max(16).optional(),
    /** Or the values themselves, each as a JWE: fingerprinted at the edge. */
    sealed: z.array(jwe).max(16).optional(),
    /** The credential itself, as a JWE: for a store that must be shown what it ends (RFC 7009). Kept sealed until settled. */
    value: jwe.optional(),
    /** A keeper's secret: the credential in it, and the store that honours that. It is granted as well. */
    inside: z
      .object({
        store: storeId,
        kind: credentialKind,
        handle,
        target: z.string().min(1).max(256).optional(),
        value: jwe.optional(),
      })
      .optional(),
    /** The refresh token whose successor this one is: its end without our step is then explained. */
    replaces: handle.optional(),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
    /** Can the expiry still move later? `false` makes it final: it acts even while Kafka is down. */
    renewable: z.boolean().default(true),
    /** The grant may carry its session's start itself. */
    sessionStart: z.object(limits).optional(),
  }),
  'curfew.credential.renewed': z.object({ store: storeId, handle, expiresAt: z.iso.datetime({ offset: true }) }),
  'curfew.leak.detected': z
    .object({ fingerprint: fingerprint.optional(), sealed: jwe.optional(), source: z.string().max(256).optional() })
    .refine(leak => (leak.fingerprint === undefined) !== (leak.sealed === undefined), 'one of fingerprint, sealed'),
} as const

export type EventType = keyof typeof eventData
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>
export const eventTypes = Object.keys(eventData) as EventType[]

/** What a principal must be allowed to send each type. */
export const eventRight: Record<EventType, 'lifecycle' | 'grant' | 'leak'> = {
  'curfew.session.started': 'lifecycle',
  'curfew.session.heartbeat': 'lifecycle',
  'curfew.session.ended': 'lifecycle',
  'curfew.task.started': 'lifecycle',
  'curfew.task.paused': 'lifecycle',
  'curfew.task.resumed': 'lifecycle',
  'curfew.task.finished': 'lifecycle',
  'curfew.credential.granted': 'grant',
  'curfew.credential.renewed': 'grant',
  'curfew.leak.detected': 'leak',
}
