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
