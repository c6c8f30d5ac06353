import type { Receipt } from '../../../schemas/receipt.ts'
import type { StreamConfig } from '../../../schemas/signals.ts'
import { eventId, sessionKey } from '../../pipeline/ids.ts'
import { forTenant, type SecretTenants } from '../for-tenant.ts'
import type { ToldEvent } from '../told-event.ts'

const caep = (name: StreamConfig['events'][number]) => `https://schemas.openid.net/secevent/caep/event-type/${name}`
export const eventUris = (events: StreamConfig['events']): string[] => events.map(caep)
const verification = 'https://schemas.openid.net/secevent/ssf/event-type/verification'

type Subject = { format: string; [member: string]: unknown }
/** Of a SET (RFC 8417) what is not the transmitter's: exactly one event, and neither `sub` nor `exp`. */
export type SetClaims = { jti: string; txn?: string; sub_id: Subject; events: Record<string, object> }
type Stream = Pick<StreamConfig, 'id' | 'events'> & { tenant: string }

/** What an outcome event means to a CAEP receiver. The same event makes the same `jti`s, whoever makes them and whenever. */
export const setsOf = (told: ToldEvent, stream: Stream, secrets: SecretTenants): SetClaims[] => {
  const event = forTenant(told, stream.tenant, secrets)
  return (event ? statements(event, stream.tenant) : [])
    .filter(({ name }) => stream.events.includes(name))
    .map(({ name, txn, subject, body }, nth) => ({
      jti: eventId(`set:${stream.id}`, `${told.id}/${nth}`),
      txn,
      sub_id: subject,
      events: { [caep(name)]: body },
    }))
}

/** A receiver's own test that its stream works. */
export const verificationClaims = (stream: string, jti: string, state: string | undefined): SetClaims => ({
  jti,
  sub_id: opaque(stream),
  events: { [verification]: state === undefined ? {} : { state } },
})

type Statement = { name: StreamConfig['events'][number]; txn: string; subject: Subject; body: object }

const statements = (event: ToldEvent, tenant: string): Statement[] => {
  switch (event.type) {
    case 'curfew.session.closed': {
      const { session, agent, endedAt, grants, grantsOmitted } = event.data
      const dead = grants.filter(one => one.outcome === 'verified').length
      const reason = `The session ended; ${dead} of ${grants.length + grantsOmitted} credentials listed as verified dead.`
      const body = { event_timestamp: seconds(endedAt), initiating_entity: 'system', reason_admin: { en: reason } }
      const subject = complex(tenant, { session, agent })
      return [{ name: 'session-revoked', txn: sessionKey(tenant, session), subject, body }]
    }
    case 'curfew.credential.revoked':
      // Only what was seen to be refused was revoked: of the other outcomes nobody may hear that.
      return event.data.outcome === 'verified' ? deaths(event.data, tenant) : []
    case 'curfew.secret.rotated': {
      const { secret, rotation, result, endedAt, cause } = event.data
      if (result !== 'done') return []
      const reason = { en: `The secret has a new version (${cause}).` }
      const body = { credential_type: 'secret', change_type: 'update', friendly_name: secret, reason_admin: reason }
      const when = { event_timestamp: seconds(endedAt), initiating_entity: initiator(cause) }
      return [
        { name: 'credential-change', txn: rotation, subject: complex(tenant, { secret }), body: { ...body, ...when } },
      ]
    }
  }
}

const deaths = (receipt: Receipt, tenant: string): Statement[] => {
  const { store, kind, handle, deadSince, settledAt } = receipt
  const body = (cause: string) => ({
    credential_type: kind,
    change_type: 'revoke',
    friendly_name: `${store}/${handle}`.slice(0, 256),
    event_timestamp: seconds(deadSince ?? settledAt),
    initiating_entity: initiator(cause),
    reason_admin: { en: `Refused by the store since then (${cause}).` },
  })
  const held = receipt.grants.map(({ session, cause }) => ({
    name: 'credential-change' as const,
    txn: sessionKey(tenant, session),
    subject: complex(tenant, { session }),
    body: body(cause),
  }))
  const versions = (receipt.versions ?? []).map(({ secret }) => ({
    name: 'credential-change' as const,
    txn: receipt.receipt,
    subject: complex(tenant, { secret }),
    body: body(receipt.cause),
  }))
  return [...held, ...versions]
}

const opaque = (id: string): Subject => ({ format: 'opaque', id })

const complex = (
  tenant: string,
  { session, agent, secret }: { session?: string; agent?: string | undefined; secret?: string },
) => ({
  format: 'complex',
  ...(session === undefined ? {} : { session: opaque(session) }),
  ...(agent === undefined ? {} : { user: opaque(agent) }),
  ...(secret === undefined ? {} : { application: opaque(secret) }),
  tenant: opaque(tenant),
})

const seconds = (ms: number) => Math.floor(ms / 1_000)

const initiator = (cause: string): 'admin' | 'system' | 'policy' => {
  if (cause === 'forced' || cause === 'on_demand') return 'admin'
  return cause === 'session_ended' || cause === 'task_finished' || cause.startsWith('shared:') ? 'system' : 'policy'
}
