import type { Config, Principal } from '../../schemas/config.ts'
import type { EventData, EventType } from '../../schemas/events.ts'
import { type Fact, fact as factSchema } from '../../schemas/facts.ts'
import { latestEpochMs } from '../../schemas/primitives.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { credentialId, grantId, sessionKey } from '../pipeline/ids.ts'
import { authorize } from './authorize.ts'
import type { Edge } from './fingerprints.ts'
import { type ParsedEvent, parseEvent, type RawEvent } from './parse-event.ts'

export type IntakeParts = { config: Config; edge: Edge }
type Context = IntakeParts & { principal: Principal; receivedAt: number; event: ParsedEvent }
type Base = { v: 1; at: number; event: string; by: string }

/**
 * One event -> the facts it states. `receivedAt` is the broker's LogAppendTime, or HTTP's one stamp, in epoch ms.
 * Throws RejectedEvent; never lets a value through.
 */
export const factsOfEvent = async (
  parts: IntakeParts,
  raw: RawEvent,
  principal: Principal,
  receivedAt: number,
): Promise<Fact[]> => {
  const event = parseEvent(raw)
  authorize(principal, event.type, (event.data as { store?: string }).store)
  const facts = await translate({ ...parts, principal, receivedAt, event })
  // What the fold would skip must not be committed as if it were known.
  for (const fact of facts)
    if (!factSchema.safeParse(fact).success) throw new RejectedEvent('internal', 'the event states no valid fact')
  return facts
}

const translate = async (context: Context): Promise<Fact[]> => {
  const { event, principal, receivedAt: at } = context
  const base: Base = { v: 1, at, event: event.id, by: principal.id }
  const sid = (session: string) => sessionKey(principal.tenant, session)
  // The check above: `data` was parsed by the schema of its type.
  const data = <T extends EventType>() => event.data as EventData<T>
  switch (event.type) {
    case 'curfew.session.started': {
      const { session, agent, ...limits } = data<'curfew.session.started'>()
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
          ...lifeLimits(context, limits),
        },
      ]
    }
    case 'curfew.session.ended': {
      const { session, reason } = data<'curfew.session.ended'>()
      const why = reason === undefined ? {} : { reason }
      return [{ ...base, kind: 'session.ended', sid: sid(session), cause: 'session_ended', ...why }]
    }
    case 'curfew.session.heartbeat':
    case 'curfew.task.started':
    case 'curfew.task.paused':
    case 'curfew.task.resumed':
      return [activity(base, sid(data<'curfew.session.heartbeat'>().session))]
    case 'curfew.task.finished': {
      const { session, task, result } = data<'curfew.task.finished'>()
      return [{ ...base, kind: 'task.ended', sid: sid(session), task, cause: 'task_finished', reason: result }]
    }
    case 'curfew.credential.granted':
      return [await granted(context, base)]
    case 'curfew.credential.renewed': {
      const { store, handle, expiresAt } = data<'curfew.credential.renewed'>()
      return [{ ...base, kind: 'renewed', cid: credentialId(store, handle), expiresAt: moment(expiresAt) }]
    }
    case 'curfew.leak.detected':
      return leaked(context, base)
  }
}

/** "Never" is often written as the year 9999: beyond what a fact can say, and later than any maximum life. */
const moment = (text: string) => Math.min(Math.max(0, Date.parse(text)), latestEpochMs)

const minuteMs = 60_000
/** Rounded up to the minute, with a constant event: a minute of heartbeats is one fact. */
const activity = (base: Base, sid: string): Fact => ({
  ...base,
  at: Math.ceil(base.at / minuteMs) * minuteMs,
  event: 'active',
  kind: 'session.active',
  sid,
})

const lifeLimits = ({ config }: Context, declared: { maxLifeMs?: number | undefined; idleMs?: number | undefined }) => {
  const idleMs = declared.idleMs ?? config.session.idleMs
  return {
    maxLifeMs: Math.min(declared.maxLifeMs ?? config.session.maxLifeMs, config.session.maxLifeCapMs),
    ...(idleMs === undefined ? {} : { idleMs }),
  }
}

const granted = async (context: Context, base: Base): Promise<Fact> => {
  const { config, edge, principal } = context
  const data = context.event.data as EventData<'curfew.credential.granted'>
  const { session, store, handle, kind, task, target, renewable } = data
  const sid = sessionKey(principal.tenant, session)
  const opened = await Promise.all((data.sealed ?? []).map(edge.open))
  return {
    ...base,
    kind: 'granted',
    sid,
    tenant: principal.tenant,
    session,
    gid: grantId(store, handle, sid),
    cid: credentialId(store, handle),
    ...(task === undefined ? {} : { task }),
    store,
    credentialKind: kind,
    handle,
    ...(target === undefined ? {} : { target }),
    fingerprints: [...new Set([...(data.fingerprints ?? []), ...opened.map(edge.fingerprint)])].sort(),
    ...(data.expiresAt === undefined ? {} : { expiresAt: moment(data.expiresAt) }),
    renewable,
    graceUntil: base.at + config.session.graceMs,
    maxLifeMs: config.session.maxLifeMs,
    ...(data.sessionStart === undefined ? {} : { start: lifeLimits(context, data.sessionStart) }),
  }
}

/** A leak acts only where its fingerprint matches; one that brought the value is not an inference. */
const leaked = async ({ edge, event }: Context, base: Base): Promise<Fact[]> => {
  const { fingerprint, sealed, source } = event.data as EventData<'curfew.leak.detected'>
  const prints = sealed === undefined ? [fingerprint] : edge.fingerprints(await edge.open(sealed))
  return prints.map(print => {
    if (print === undefined) throw new RejectedEvent('invalid_data', 'a leak needs a fingerprint or a sealed value')
    const found = source === undefined ? {} : { source }
    return { ...base, kind: 'leaked', fingerprint: print, withValue: sealed !== undefined, ...found }
  })
}
