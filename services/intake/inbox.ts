import type { Config, Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { SenderConfig } from '../../schemas/inbox.ts'
import { FingerprintsUnavailable, RejectedEvent, StartRefused } from '../pipeline/errors.ts'
import { credentialId, eventId } from '../pipeline/ids.ts'
import { authorize } from './authorize.ts'
import type { Delivery, Dialect, DialectParts, Said } from './dialects/dialect.ts'
import { openDialect } from './dialects/registry.ts'
import { secretsOf } from './dialects/signatures/secret-files.ts'
import { factsOfParsed } from './facts-of-event.ts'
import { type FirstStamps, firstStamps } from './first-stamps.ts'
import { leakFacts } from './leak-facts.ts'
import { eventOfSaid } from './said-event.ts'
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
 * What a verified delivery says, as facts: all of it, or nothing where a part is refused (RejectedEvent). A sender has exactly
 * its principal's rights. Throws FingerprintsUnavailable with the facts that are known already.
 */
export const factsOfDelivery = async (parts: IntakeParts, sender: Sender, delivery: Delivery): Promise<Understood> => {
  const { dialect } = sender
  const told = await (dialect.lookUp?.(delivery) ?? dialect.read(delivery))
  const nothing: Record<string, number> = {}
  for (const said of told) if (said.says === 'nothing') nothing[said.code] = (nothing[said.code] ?? 0) + 1
  const stated = await Promise.all(
    told.flatMap(said => (said.says === 'nothing' ? [] : [stateOrKnown(parts, sender, said, delivery.receivedAt)])),
  )
  const facts = stated.flatMap(one => one.facts)
  const unavailable = new Set(stated.flatMap(one => one.unavailable))
  if (unavailable.size > 0) throw new FingerprintsUnavailable([...unavailable], [], facts)
  const leaks = stated.filter(one => one.says === 'leak').map(one => one.facts)
  return { facts, events: stated.length - leaks.length, leaks, nothing }
}

type Effective = Exclude<Said, { says: 'nothing' }>

/** One store that is away does not hold up what the others know. */
const stateOrKnown = async (parts: IntakeParts, sender: Sender, said: Effective, receivedAt: number) => {
  const { says } = said
  try {
    return { says, facts: await factsOfSaid(parts, sender, said, receivedAt), unavailable: [] }
  } catch (error) {
    if (!(error instanceof FingerprintsUnavailable)) throw error
    return { says, facts: error.facts, unavailable: error.stores }
  }
}

const factsOfSaid = async (
  parts: IntakeParts,
  { config, principal, stamps }: Sender,
  said: Effective,
  receivedAt: number,
): Promise<Fact[]> => {
  // The sender and the statement: told again, it is the same event.
  const name = `inbox:${config.id}`
  if (said.says === 'event') return factsOfParsed(parts, eventOfSaid(name, said), principal, receivedAt)
  if (said.says === 'revoke') return forced(principal, eventId(name, said.id), said, receivedAt)
  authorize(principal, 'curfew.leak.detected', undefined)
  if (said.values.length > mostValues) throw new RejectedEvent('too_large', `a leak has over ${mostValues} values`)
  const event = eventId(name, said.id)
  return leakFacts(parts, { v: 1, at: stamps.of(event, receivedAt), event, by: principal.id }, said)
}

/** Whoever may register credentials of a store may have one of them revoked. */
const forced = (
  principal: Principal,
  event: string,
  { store, handle, reason }: Extract<Said, { says: 'revoke' }>,
  at: number,
): Fact[] => {
  authorize(principal, 'curfew.credential.granted', store)
  const cid = credentialId(store, handle)
  return [{ v: 1, kind: 'forced', at, event, by: principal.id, cid, reason, inferred: true }]
}

const mostValues = 64
