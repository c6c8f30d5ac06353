import type { Config, Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { SenderConfig } from '../../schemas/inbox.ts'
import { RejectedEvent, StartRefused } from '../pipeline/errors.ts'
import { eventId } from '../pipeline/ids.ts'
import { authorize } from './authorize.ts'
import type { Delivery, Dialect, DialectParts, Said } from './dialects/dialect.ts'
import { openDialect } from './dialects/registry.ts'
import { secretsOf } from './dialects/secret-files.ts'
import { factsOfParsed } from './facts-of-event.ts'
import { type FirstStamps, firstStamps } from './first-stamps.ts'
import { leakFacts } from './leak-facts.ts'
import { checkedData } from './parse-event.ts'
import type { IntakeParts } from './translation.ts'

export type Sender = { config: SenderConfig; principal: Principal; dialect: Dialect; stamps: FirstStamps }
/** `leaks`: the facts of each leak that was told. `nothing`: what had no effect, by its code. */
export type Understood = { facts: Fact[]; events: number; leaks: Fact[][]; nothing: Record<string, number> }

/** Throws StartRefused for a secret that cannot be read or used. */
export const openSenders = (config: Config, parts: Omit<DialectParts, 'secrets'>): ReadonlyMap<string, Sender> =>
  new Map(
    config.inbox.senders.map(sender => {
      const principal = config.principals.find(one => one.id === sender.principal)
      if (!principal) throw new StartRefused(`inbox.senders.${sender.id}: no principal "${sender.principal}"`)
      const dialect = openDialect(sender, { ...parts, secrets: files => secretsOf(sender.id, files) })
      return [sender.id, { config: sender, principal, dialect, stamps: firstStamps() }]
    }),
  )

/**
 * What a verified delivery says, as facts: all of it or nothing. Throws RejectedEvent, or whatever says that it cannot be
 * understood now. A sender has exactly its principal's rights.
 */
export const factsOfDelivery = async (parts: IntakeParts, sender: Sender, delivery: Delivery): Promise<Understood> => {
  const understood: Understood = { facts: [], events: 0, leaks: [], nothing: {} }
  for (const said of sender.dialect.read(delivery)) {
    if (said.says === 'nothing') {
      understood.nothing[said.code] = (understood.nothing[said.code] ?? 0) + 1
      continue
    }
    const facts = await factsOfSaid(parts, sender, said, delivery.receivedAt)
    understood.facts.push(...facts)
    if (said.says === 'leak') understood.leaks.push(facts)
    else understood.events += 1
  }
  return understood
}

const factsOfSaid = async (
  parts: IntakeParts,
  { config, principal, stamps }: Sender,
  said: Exclude<Said, { says: 'nothing' }>,
  receivedAt: number,
): Promise<Fact[]> => {
  // The sender and the statement: told again, it is the same event.
  const id = eventId(`inbox:${config.id}`, said.id)
  if (said.says === 'event') {
    const data = checkedData(said.type, said.data)
    return factsOfParsed(parts, { id, type: said.type, data, occurredAt: undefined }, principal, receivedAt)
  }
  authorize(principal, 'curfew.leak.detected', undefined)
  if (said.values.length > mostValues) throw new RejectedEvent('too_large', `a leak has over ${mostValues} values`)
  const base = { v: 1, at: stamps.of(id, receivedAt), event: id, by: principal.id } as const
  return leakFacts(parts, base, said)
}

const mostValues = 64
