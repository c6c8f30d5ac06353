import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { decide } from '../../services/pipeline/decide.ts'
import { factRecord } from '../../services/pipeline/fact-key.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { applyMerge, type MemoryState } from '../../services/pipeline/memory-state.ts'
import type { GrantView } from '../../services/pipeline/view.ts'
import { anyFact, anyFacts, handles, someTime } from '../support/arbitrary-facts.ts'
import { facts, folded, inferred, viewOf } from '../support/facts.ts'

const plain = (state: MemoryState) => ({
  hashes: Object.fromEntries(
    [...state.hashes].sort().map(([key, hash]) => [key, Object.fromEntries([...hash].sort())]),
  ),
  sets: Object.fromEntries([...state.sets].sort().map(([key, set]) => [key, [...set].sort()])),
})
const runs = { numRuns: 2_000 }
const withoutMaxLife = (grant: GrantView): GrantView => ({
  ...grant,
  session: { ...grant.session, maxLifeAt: undefined },
})

/** What log compaction may leave: of equal keys the last, and any of the earlier ones as well. */
const compacted = (all: Fact[], kept: boolean[]) => {
  const last = new Map(all.map((fact, i) => [factRecord(fact, 8).key, i]))
  return all.filter((fact, i) => last.get(factRecord(fact, 8).key) === i || kept[i])
}

describe('the fold (invariant 7)', () => {
  it('gives the same state for any shuffle and duplication of the facts', () => {
    const property = fc.property(
      anyFacts.chain(all =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
      ),
      ([all, shuffled]) => {
        expect(plain(folded(shuffled))).toEqual(plain(folded(all)))
      },
    )
    fc.assert(property, runs)
  })

  it('gives the same state after any compaction', () => {
    const property = fc.property(anyFacts, fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }), (once, kept) => {
      const all = [...once, ...once]
      expect(plain(folded(compacted(all, kept)))).toEqual(plain(folded(all)))
    })
    fc.assert(property, runs)
  })

  it('goes on from any prefix to the same state', () => {
    const property = fc.property(anyFacts, fc.nat(40), (all, cut) => {
      const state = folded(all.slice(0, cut))
      for (const fact of all.slice(cut)) for (const merge of mergesOf(fact)) applyMerge(state, merge)
      expect(plain(state)).toEqual(plain(folded(all)))
    })
    fc.assert(property, runs)
  })

  it('never loses a hard cause by one more fact, unless an outcome settles it', () => {
    const marks = { grantsRead: 0, lifecycleRead: 0, expiryHoldMs: Number.POSITIVE_INFINITY, holdFrom: 0 }
    const property = fc.property(anyFacts, anyFact, someTime, (all, more, now) => {
      // A start replaces the maximum life that an unannounced session had; a relapse opens a new epoch.
      fc.pre(!['outcome', 'relapsed', 'session.started', 'granted'].includes(more.kind))
      for (const handle of handles) {
        const before = viewOf(folded(all), handle)
        const after = viewOf(folded([...all, more]), handle)
        if (before && after && decide(before, now, marks).due) expect(decide(after, now, marks).due).toBe(true)
      }
    })
    fc.assert(property, runs)
  })
})

describe('an inferred end', () => {
  it('is not capped any more once somebody said the same end explicitly, in whatever order', () => {
    const marks = { grantsRead: 0, lifecycleRead: 0, expiryHoldMs: 0, holdFrom: 0 }
    const end = fc.oneof(
      fc
        .tuple(someTime, fc.constantFrom({}, inferred))
        .map(([at, mark]) => facts.ended('s', at, 'session_ended', mark)),
      fc.tuple(someTime, fc.constantFrom({}, inferred)).map(([at, mark]) => facts.taskEnded('s', 'a', at, mark)),
    )
    const property = fc.property(fc.array(end, { minLength: 1, maxLength: 8 }), ends => {
      const all = [facts.granted('s', 'h', 1, { task: 'a', start: { maxLifeMs: 9_000_000 } }), ...ends]
      const view = viewOf(folded(all), 'h')
      if (!view) throw new Error('no view')
      const verdict = decide({ ...view, grants: view.grants.map(withoutMaxLife) }, Number.MAX_SAFE_INTEGER, marks)
      const explicit = ends.some(fact => !('inferred' in fact))
      expect(verdict).toMatchObject({ due: true, inferred: !explicit, at: Math.min(...ends.map(fact => fact.at)) })
    })
    fc.assert(property, runs)
  })
})

describe('whoever reads a session', () => {
  const endOf = (...ends: Fact[]) =>
    viewOf(folded([facts.granted('s', 'h', 1), ...ends]), 'h')?.grants[0]?.session.ended?.at
  it('sees that it is over, by the earlier of an inferred end and an explicit one', () => {
    const told = facts.ended('s', 20, 'session_ended', inferred)
    expect(endOf(told)).toBe(20)
    expect(endOf(told, facts.ended('s', 30))).toBe(20)
    expect(endOf(facts.ended('s', 10), told)).toBe(10)
    expect(endOf()).toBeUndefined()
  })
})

describe('outcomes of one receipt', () => {
  it('verified beats the others whenever it comes', () => {
    const all = [facts.outcome('h', 10, { outcome: 'unproven' }), facts.outcome('h', 99), facts.granted('s', 'h', 1)]
    expect(viewOf(folded(all), 'h')?.receipt).toMatchObject({ outcome: 'verified', settledAt: 99 })
  })

  it('among equals the earliest settled wins', () => {
    const all = [facts.outcome('h', 99), facts.outcome('h', 98), facts.granted('s', 'h', 1)]
    expect(viewOf(folded(all), 'h')?.receipt).toMatchObject({ settledAt: 98 })
  })
})

describe('record keys', () => {
  it('differ for facts that differ in anything, so that compaction removes only byte-identical copies', () => {
    // A sealed value's record is named by credential, key and value: a tombstone must find it.
    const hashed = anyFact.filter(fact => fact.kind !== 'sealed')
    const property = fc.property(hashed, hashed, (a, b) => {
      const [x, y] = [factRecord(a, 8), factRecord(b, 8)]
      if (x.key === y.key) expect(x.value).toBe(y.value)
    })
    fc.assert(property, runs)
  })

  it('a minute of heartbeats is one fact', () => {
    const active = { ...facts.active('s', 1_800_000_000_000), event: 'active' }
    expect(factRecord({ ...active }, 8)).toEqual(factRecord({ ...active }, 8))
  })
})
