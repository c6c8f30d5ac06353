import { CloudEvent } from 'cloudevents'
import { toldEvent } from '../../services/signals/told-event.ts'

const id = (digit: string) => digit.repeat(32)
export const toldAt = Date.parse('2026-11-29T12:00:00.000Z')

export const receiptOf = (change: object = {}) => ({
  receipt: id('a'),
  credential: id('b'),
  epoch: 0,
  outcome: 'verified',
  store: 'vault-a',
  kind: 'vault.token',
  handle: 'accessor-1',
  cause: 'session_ended',
  dueAt: toldAt - 900,
  deadSince: toldAt - 500,
  settledAt: toldAt,
  attempts: 1,
  grants: [{ tenant: 'acme', session: 's-1', tasks: [], cause: 'session_ended' }],
  ...change,
})
const closedOf = (change: object = {}) => ({
  tenant: 'acme',
  session: 's-1',
  agent: 'bot',
  endedAt: toldAt - 1_000,
  number: 1,
  grants: [
    {
      grant: id('c'),
      store: 'vault-a',
      kind: 'vault.token',
      handle: 'accessor-1',
      outcome: 'verified',
      receipt: id('a'),
    },
  ],
  grantsOmitted: 0,
  ...change,
})
const rotationOf = (change: object = {}) => ({
  secret: 'search-key',
  rotation: '3f1d6a52-7a0e-8c11-a0b2-5d2f3c4e5f60',
  cause: 'scheduled',
  compromised: false,
  requestedAt: toldAt - 5_000,
  endedAt: toldAt,
  result: 'done',
  replaced: [id('b')],
  ...change,
})

/** As the ledger's telling writes them, and as they are read from Kafka. */
const event = (type: string, eventId: string, data: object) => {
  const value = JSON.stringify(
    new CloudEvent({ id: eventId, type, source: '/curfew', time: new Date(toldAt).toISOString(), data }),
  )
  const message = { key: null, value: Buffer.from(value), timestamp: String(toldAt), offset: '7', attributes: 0 }
  const read = toldEvent(message as never, 'credential-outcomes', 0)
  if (!read) throw new Error(`no outcome event: ${value}`)
  return read
}
export const revoked = (change?: object) => event('curfew.credential.revoked', id('a'), receiptOf(change))
export const closed = (change?: object) => event('curfew.session.closed', `${id('d')}~1`, closedOf(change))
export const rotated = (change?: object) => event('curfew.secret.rotated', rotationOf().rotation, rotationOf(change))
