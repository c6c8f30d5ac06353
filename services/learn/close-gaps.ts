import type { Fact } from '../../schemas/facts.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import type { HeldToken } from '../pipeline/held-token.ts'
import type { FactLog } from '../pipeline/ports.ts'
import { type LearnedEvent, learnedEvent } from './audit-events.ts'
import { isSelf, type LearnRules, looksAt, markOf } from './rules.ts'

export type GapCloserParts = {
  rules: LearnRules
  facts: FactLog
  factsOf(event: LearnedEvent): Promise<Fact[]>
  /** Every living token of the store; throws when the store cannot tell. */
  tokens(onToken: (token: HeldToken) => Promise<void>): Promise<void>
  /** How many leases lie under the learned paths: listed, never touched. */
  leases(): Promise<number>
  /** Throws while it is not known: without it our own login could be taken for somebody's. */
  ownEntity(): Promise<string>
  tell(event: InventoryEvent): void
}
export type InventoryEvent =
  | { event: 'inventory_taken'; tokens: number; ours: number; leases: number }
  | { event: 'inventory_failed'; error: string }

export type GapCloser = {
  /** Something was not read: an inventory that begins from now on closes it. */
  found(): void
  closed(): boolean
  close(): Promise<void>
}

/** The store's own list closes what the stream left open: only what carries our mark and was made in a configured path. */
export const gapCloser = (parts: GapCloserParts): GapCloser => {
  let [wanted, done] = [0, 0]
  const stop = every(
    1_000,
    async () => {
      const upTo = wanted
      if (done >= upTo) return
      await takeInventory(parts)
      done = upTo
    },
    error => parts.tell({ event: 'inventory_failed', error: error instanceof Error ? error.message : 'unknown' }),
  )
  return {
    found: () => {
      wanted += 1
    },
    closed: () => done >= wanted,
    close: stop,
  }
}

const takeInventory = async (parts: GapCloserParts): Promise<void> => {
  const { rules, facts } = parts
  rules.self.entity = await parts.ownEntity()
  let [seen, ours] = [0, 0]
  await parts.tokens(async token => {
    seen += 1
    const event = grantOfHeld(rules, token)
    if (!event) return
    ours += 1
    try {
      await facts.append(await parts.factsOf(event))
    } catch (error) {
      if (!(error instanceof RejectedEvent)) throw error
    }
  })
  // What cannot be listed is only a number less: the tokens are what ends the leases.
  const leases = await parts.leases().catch(() => -1)
  parts.tell({ event: 'inventory_taken', tokens: seen, ours, leases })
}

/** Undefined: not ours, whoever speaks of it. */
export const grantOfHeld = (rules: LearnRules, token: HeldToken): LearnedEvent | undefined => {
  const { accessor, issuedAt, expiresAt, renewable } = token
  const mark = markOf(rules, token.metadata)
  if (!mark || !looksAt(rules, token.path) || isSelf(rules, token.entity)) return undefined
  const life = expiresAt === undefined ? {} : { lifeMs: expiresAt - issuedAt }
  const grant = { says: 'granted', kind: 'vault.token', handle: accessor, fingerprints: [], renewable } as const
  return learnedEvent(rules, { ...grant, ...mark, ...life, id: `inventory-${accessor}`, at: issuedAt }, Date.now())
}
