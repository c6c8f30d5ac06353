import type { VaultDatabaseStoreConfig } from '../../../schemas/store-vault-database.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Rotated } from '../../pipeline/ports.ts'

type Roles = Pick<VaultDatabaseStoreConfig, 'alternating' | 'single'>

/** A password's name: its static role and that role's rotation. Vault writes nanoseconds: two in one second differ. */
export const handleOf = (role: string, lastRotation: string): string => `${role}@${lastRotation}`
export const partsOf = (handle: string): { role: string; rotation: string } => {
  const at = handle.indexOf('@')
  return at < 0 ? { role: '', rotation: '' } : { role: handle.slice(0, at), rotation: handle.slice(at + 1) }
}
export const isRole = ({ alternating, single }: Roles, role: string): boolean =>
  single.includes(role) || alternating.some(pair => pair.includes(role))

/** The role that nobody uses now: the other one of the pair that the current version belongs to. */
export const parkedRole = (
  { alternating }: Roles,
  current: Rotated['current'],
): { inUse: string; parked: string } | { problem: Problem } => {
  const { role } = partsOf(current?.handle ?? '')
  const pair = alternating.find(one => one.includes(role))
  const parked = pair?.find(one => one !== role)
  return parked === undefined
    ? refused(`which of two alternating roles is in use cannot be told: "${role}" is none (issuer.firstHandle?)`)
    : { inUse: role, parked }
}

/** What consumers really log in as decides: a secret that was changed by hand may carry another version's handle. */
export const contradicts = (userField: string, current: Rotated['current'], userInUse: string): Problem | undefined => {
  const fields = current?.fields
  if (fields === undefined || fields[userField] === userInUse) return undefined
  const said = fields[userField] === undefined ? `has no field "${userField}"` : `names another user in "${userField}"`
  return refused(`the kept secret ${said} than its handle says: nothing is rotated that may be in use`).problem
}

export const refused = (detail: string): { problem: Problem } => ({
  problem: { code: 'protocol', detail: detail.slice(0, 200) },
})
