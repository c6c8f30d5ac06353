import { eventId } from '../pipeline/ids.ts'
import type { Said } from './dialects/dialect.ts'
import { checkedData, type ParsedEvent } from './parse-event.ts'

/** What a sender's delivery says, as an event of ours. Throws RejectedEvent. `sender`: no two senders' statements share an id. */
export const eventOfSaid = (sender: string, said: Extract<Said, { says: 'event' }>): ParsedEvent => ({
  id: eventId(sender, said.id),
  type: said.type,
  data: checkedData(said.type, said.data),
  occurredAt: undefined,
  ...(said.inferred ? { inferred: true } : {}),
})
