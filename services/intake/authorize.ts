import type { Principal } from '../../schemas/config.ts'
import { type EventType, eventRight } from '../../schemas/events.ts'
import { RejectedEvent } from '../pipeline/errors.ts'

/** Who may send what: a static table, checked without state. Anything else is a dead letter and a metric. */
export const authorize = (principal: Principal, type: EventType, store: string | undefined): void => {
  const right = eventRight[type]
  const allowed =
    right === 'grant' ? store !== undefined && principal.may.grant.includes(store) : principal.may[right] === true
  if (!allowed) {
    const what = right === 'grant' ? `grant for store "${store}"` : right
    throw new RejectedEvent('not_allowed', `principal "${principal.id}" may not send ${what}`)
  }
}
