import type { Receipt } from '../../schemas/receipt.ts'
import type { ToldEvent } from './told-event.ts'

/** The tenant of each registered secret. */
export type SecretTenants = ReadonlyMap<string, string>

/** What of an event is this tenant's business; undefined: nothing. */
export const forTenant = (event: ToldEvent, tenant: string, secrets: SecretTenants): ToldEvent | undefined => {
  switch (event.type) {
    case 'curfew.session.closed':
      return event.data.tenant === tenant ? event : undefined
    case 'curfew.secret.rotated':
      return secrets.get(event.data.secret) === tenant ? event : undefined
    case 'curfew.credential.revoked': {
      const data = receiptFor(event.data, tenant)
      if (data === event.data || data === undefined) return data && event
      return { ...event, data, text: JSON.stringify({ ...JSON.parse(event.text), data }) }
    }
  }
}

/** A store belongs to one tenant, so this only matters after a change of the config: nobody reads another tenant's sessions. */
const receiptFor = (receipt: Receipt, tenant: string): Receipt | undefined => {
  const isOurs = (one: { tenant: string }) => one.tenant === tenant
  const { versions } = receipt
  if (!receipt.grants.some(isOurs) && !versions?.some(isOurs)) return undefined
  if (receipt.grants.every(isOurs) && (versions ?? []).every(isOurs)) return receipt
  const grants = receipt.grants
    .filter(isOurs)
    .map(grant => ({ ...grant, cause: grant.cause.replace(/^shared:.*$/s, 'shared:another session') }))
  return { ...receipt, grants, ...(versions ? { versions: versions.filter(isOurs) } : {}) }
}
