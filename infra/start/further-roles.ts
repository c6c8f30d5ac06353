import type { Config } from '../../schemas/config.ts'

/** The roles that only some configs need, in one process; none where nothing asks for them. */
export const furtherRoles = ({ stores, signals, inbox, audit }: Config): string[][] => {
  const learns = stores.some(store => 'learn' in store && store.learn !== undefined)
  const resolves = inbox.senders.some(sender => sender.dialect === 'github-alert' && sender.api !== undefined)
  const tells = signals.webhooks.length > 0 || signals.caep !== undefined || resolves
  const roles = [...(learns ? ['learn'] : []), ...(tells ? ['signals'] : []), ...(audit ? ['audit'] : [])]
  return roles.length === 0 ? [] : [roles]
}
