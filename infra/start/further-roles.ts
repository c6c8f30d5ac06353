import type { Config } from '../../schemas/config.ts'
import { tellsAnybody } from '../../services/signals-role.ts'

/** The roles that only some configs need, in one process; none where nothing asks for them. */
export const furtherRoles = (config: Config): string[][] => {
  const { stores, audit } = config
  const learns = stores.some(store => 'learn' in store && store.learn !== undefined)
  const roles = [
    ...(learns ? ['learn'] : []),
    ...(tellsAnybody(config) ? ['signals'] : []),
    ...(audit ? ['audit'] : []),
  ]
  return roles.length === 0 ? [] : [roles]
}
