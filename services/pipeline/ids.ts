import { createHash } from 'node:crypto'

const hash = (...parts: string[]) => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)

/** Session identity is (tenant, session id): nothing reaches across tenants. */
export const sessionKey = (tenant: string, session: string) => hash('session', tenant, session)
export const credentialId = (store: string, handle: string) => hash('credential', store, handle)
export const grantId = (store: string, handle: string, sid: string) => hash('grant', store, handle, sid)
export const receiptId = (cid: string, epoch: number) => hash('receipt', cid, String(epoch))
/** An event's identity: CloudEvents `source` + `id`, bounded in length. */
export const eventId = (source: string, id: string) => hash('event', source, id)
export const randomId = () => hash('random', crypto.randomUUID())

/** A UUID (version 8, RFC 9562) of what a rotation answers to: the same trigger is the same rotation, at every store too. */
export const rotationId = (secret: string, trigger: string): string => {
  const hex = hash('rotation', secret, trigger)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}
