import type { Fact } from '../schemas/facts.ts'
import type { InboxAnswer } from '../schemas/leaks.ts'
import type { ApiParts, InboxSender } from './api/ports.ts'
import { authorize } from './intake/authorize.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { factsOfDelivery, openSenders, type Sender } from './intake/inbox.ts'
import { leakFacts } from './intake/leak-facts.ts'
import { credentialsOf } from './ledger/leak-matches.ts'
import { FactsUnavailable, FingerprintsUnavailable, NotNow, RejectedEvent } from './pipeline/errors.ts'
import { eventId } from './pipeline/ids.ts'
import type { FactLog } from './pipeline/ports.ts'
import type { Parts } from './roles.ts'
import { observeReceived } from './runtime/observe-stages.ts'

/** What comes in over HTTP. Throws StartRefused for a sender whose secrets cannot be read. */
export const inboxPorts = (parts: Parts, facts: FactLog) => {
  const { config, edge } = parts
  const senders = openSenders(config, { fetch, now: Date.now })
  const translation = { config, edge, received: observeReceived(parts) }
  return {
    acceptEvent: async (raw, principal, receivedAt) => {
      const stated = await actingOnKnown(facts, factsOfEvent(translation, raw, principal, receivedAt))
      await facts.append(stated)
      return stated.length
    },
    understandLeak: async ({ id, source, sealed }, principal, receivedAt) => {
      authorize(principal, 'curfew.leak.detected', undefined)
      const base = { v: 1, at: receivedAt, event: eventId(`leaks:${principal.id}`, id), by: principal.id } as const
      const values = await Promise.all(sealed.map(edge.open))
      const stated = leakFacts({ config, edge }, base, { values, source })
      const { again, facts: leaked } = await stated.then(all => ({ again: undefined, facts: all }), unavailable)
      return { facts: leaked, fingerprints: printsOf(leaked), again }
    },
    inbox: new Map([...senders].map(([id, sender]) => [id, senderPort(parts, facts, sender)])),
  } satisfies Partial<ApiParts>
}

const senderPort = (parts: Parts, facts: FactLog, sender: Sender): InboxSender => {
  const { config, edge, counters } = parts
  const { id, perMinute } = sender.config
  const count = (result: string, by = 1) => counters.add('curfew_inbox_total', { sender: id, result }, by)
  const counted = async <T>(act: () => Promise<T> | T): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      count(codeOf(error))
      throw error
    }
  }
  const { path, gets, acceptedWith } = sender.dialect
  return {
    perMinute,
    path,
    gets,
    acceptedWith,
    verify: delivery => counted(() => sender.dialect.verify(delivery)),
    accept: delivery =>
      counted(async () => {
        const understood = await actingOnKnown(
          facts,
          factsOfDelivery({ config, edge, received: observeReceived(parts) }, sender, delivery),
        )
        if (understood.facts.length > 0) await facts.append(understood.facts)
        const { events, leaks, nothing } = understood
        for (const leak of leaks) sender.stamps.keep(leak)
        for (const [code, by] of Object.entries({ event: events, leak: leaks.length, ...nothing })) count(code, by)
        const unmatchable = (nothing.no_value ?? 0) + (nothing.redacted ?? 0)
        if (unmatchable > 0)
          parts.log({ msg: 'leaks told without a value: look at the sender', operation: id, facts: unmatchable })
        await tellMatches(parts, id, leaks)
        return { events, leaks: leaks.length, nothing } satisfies InboxAnswer
      }),
  }
}

/** What is known without the store that is away acts at once; the sender comes again for the rest. */
const actingOnKnown = async <T>(facts: FactLog, understanding: Promise<T>): Promise<T> => {
  try {
    return await understanding
  } catch (error) {
    if (error instanceof FingerprintsUnavailable && error.facts.length > 0) await facts.append(error.facts)
    throw error
  }
}
const unavailable = (error: unknown) => {
  if (error instanceof FingerprintsUnavailable) return { again: error, facts: error.facts }
  throw error
}

const codeOf = (error: unknown): string => {
  if (error instanceof RejectedEvent) return error.code
  if (error instanceof FingerprintsUnavailable) return 'fingerprints_unavailable'
  return error instanceof FactsUnavailable ? 'facts_unavailable' : error instanceof NotNow ? 'not_now' : 'internal'
}

const printsOf = (facts: Fact[]) => facts.flatMap(fact => (fact.kind === 'leaked' ? [fact.fingerprint] : []))

/** A leak of nothing that we know is recorded, counted and shown, and acts when a grant comes that has it. */
const tellMatches = async (parts: Parts, sender: string, leaks: Fact[][]) => {
  const { redis, config, counters, log } = parts
  const ledger = { redis, prefix: config.redis.prefix }
  const matched = async (leak: Fact[]) => ((await credentialsOf(ledger, printsOf(leak))).length > 0 ? 'yes' : 'no')
  const all = await Promise.all(leaks.map(leak => matched(leak).catch(() => 'unknown')))
  for (const [result, { length }] of Map.groupBy(all, one => one)) {
    counters.add('curfew_leaks_total', { sender, matched: result }, length)
    log({ msg: 'leaks', operation: sender, facts: length, result: `matched: ${result}` })
  }
}
