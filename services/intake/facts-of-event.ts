import type { Principal } from '../../schemas/config.ts'
import type { EventData, EventType } from '../../schemas/events.ts'
import { type Fact, fact as factSchema } from '../../schemas/facts.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { credentialId, sessionKey } from '../pipeline/ids.ts'
import { authorize } from './authorize.ts'
import { grantFacts } from './grant-facts.ts'
import { inOrder } from './labels-in-order.ts'
import { leakFacts } from './leak-facts.ts'
import { lifeLimits, moment } from './life-limits.ts'
import { type ParsedEvent, parseEvent, type RawEvent } from './parse-event.ts'
import type { FactBase, IntakeParts, Translation } from './translation.ts'

/**
 * One event -> the facts it states. `receivedAt` is the broker's LogAppendTime, or HTTP's one stamp, in epoch ms.
 * Throws RejectedEvent; never lets a value through.
 */
export const factsOfEvent = async (
  parts: IntakeParts,
  raw: RawEvent,
  principal: Principal,
  receivedAt: number,
): Promise<Fact[]> => factsOfParsed(parts, parseEvent(raw), principal, receivedAt)

/** The same for an event that came in another dialect. */
export const factsOfParsed = async (
  parts: IntakeParts,
  event: ParsedEvent,
  principal: Principal,
  receivedAt: number,
): Promise<Fact[]> => {
  const { store, inside } = event.data as { store?: string; inside?: { store: string } }
  authorize(principal, event.type, store)
  if (inside) authorize(principal, event.type, inside.store)
  const facts = await translate({ ...parts, principal, receivedAt, event })
  // What the fold would skip must not be committed as if it were known.
  for (const fact of facts)
    if (!factSchema.safeParse(fact).success) throw new RejectedEvent('internal', 'the event states no valid fact')
  parts.received?.(event.occurredAt, receivedAt)
  return facts
}

const translate = async (context: Translation): Promise<Fact[]> => {
  const { event, principal, receivedAt: at } = context
  const base: FactBase = { v: 1, at, event: event.id, by: principal.id }
  const sid = (session: string) => sessionKey(principal.tenant, session)
  const mark = event.inferred ? { inferred: true as const } : {}
  // The check above: `data` was parsed by the schema of its type.
  const data = <T extends EventType>() => event.data as EventData<T>
  switch (event.type) {
    case 'curfew.session.started': {
      const { session, agent, labels, ...limits } = data<'curfew.session.started'>()
      const { tenant } = principal
      const named = agent === undefined ? {} : { agent }
      return [
        {
          ...base,
          kind: 'session.started',
          sid: sid(session),
          tenant,
          session,
          ...named,
          ...inOrder(labels),
          ...lifeLimits(context.config, limits),
        },
      ]
    }
    case 'curfew.session.ended': {
      const { session, reason } = data<'curfew.session.ended'>()
      const why = reason === undefined ? {} : { reason }
      return [{ ...base, kind: 'session.ended', sid: sid(session), cause: 'session_ended', ...why, ...mark }]
    }
    case 'curfew.session.heartbeat':
    case 'curfew.task.started':
    case 'curfew.task.paused':
    case 'curfew.task.resumed':
      return [activity(base, sid(data<'curfew.session.heartbeat'>().session))]
    case 'curfew.task.finished': {
      const { session, task, result } = data<'curfew.task.finished'>()
      return [{ ...base, kind: 'task.ended', sid: sid(session), task, cause: 'task_finished', reason: result, ...mark }]
    }
    case 'curfew.credential.granted':
      return grantFacts(context, base)
    case 'curfew.credential.renewed': {
      const { store, handle, expiresAt } = data<'curfew.credential.renewed'>()
      return [{ ...base, kind: 'renewed', cid: credentialId(store, handle), expiresAt: moment(expiresAt) }]
    }
    case 'curfew.leak.detected':
      return leaked(context, base)
  }
}

const minuteMs = 60_000
/** Rounded up to the minute, with a constant event: a minute of heartbeats is one fact. */
const activity = (base: FactBase, sid: string): Fact => ({
  ...base,
  at: Math.ceil(base.at / minuteMs) * minuteMs,
  event: 'active',
  kind: 'session.active',
  sid,
})

/** A leak acts only where its fingerprint matches; one that brought the value is not an inference. */
const leaked = async ({ event, ...parts }: Translation, base: FactBase): Promise<Fact[]> => {
  const { fingerprint, sealed, source } = event.data as EventData<'curfew.leak.detected'>
  if (sealed !== undefined) return leakFacts(parts, base, { values: [await parts.edge.open(sealed)], source })
  if (fingerprint === undefined) throw new RejectedEvent('invalid_data', 'a leak needs a fingerprint or a sealed value')
  const found = source === undefined ? {} : { source }
  return [{ ...base, kind: 'leaked', fingerprint, withValue: false, ...found }]
}
