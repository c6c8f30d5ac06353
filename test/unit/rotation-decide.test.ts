import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { type SecretConfig, secretConfig } from '../../schemas/secrets.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { applyMerge, emptyState } from '../../services/pipeline/memory-state.ts'
import { secretHash } from '../../services/pipeline/merges.ts'
import { decideRotation, type RotationVerdict } from '../../services/pipeline/rotation/decide-rotation.ts'
import { fenceOf, runningRotation, secretView } from '../../services/pipeline/rotation/secret-view.ts'
import { cid, facts, hour, rotationOf } from '../support/facts.ts'

const t = Date.UTC(2026, 10, 25, 10, 30)
const secret = (more: Record<string, unknown> = {}): SecretConfig =>
  secretConfig.parse({
    id: 'one',
    tenant: 'acme',
    keeper: { store: 'kv', name: 'a' },
    issuer: { store: 'vault-local', kind: 'api.key' },
    ...more,
  })
/** `offset`: a fact's place in its log. */
const viewOf = (all: Fact[], offset: (fact: Fact, index: number) => number = (_fact, index) => index) => {
  const state = emptyState()
  for (const [index, fact] of all.entries())
    for (const merge of mergesOf(fact, offset(fact, index))) applyMerge(state, merge)
  return secretView('one', state.hashes.get(secretHash('one')) ?? new Map())
}
const decided = (all: Fact[], now: number, more: Record<string, unknown> = {}, uses = 0) =>
  decideRotation(secret(more), viewOf(all), now, { sweepMs: 300_000, uses })
const asked = (verdict: RotationVerdict) => (verdict.do === 'request' ? verdict.request : undefined)
const standing = facts.held('old', t)

describe('when a secret is rotated', () => {
  it('one that is not known yet is looked at first', () => expect(decided([], t)).toEqual({ do: 'adopt' }))

  it('without a reason nothing is done', () => expect(decided([standing], t + 24 * hour)).toEqual({ do: 'nothing' }))

  it('on schedule, in UTC, once for each slot', () => {
    const schedule = '0 11 * * *'
    expect(decided([standing], t + 29 * 60_000, { schedule })).toEqual({ do: 'nothing' })
    const first = asked(decided([standing], t + 30 * 60_000, { schedule }))
    expect(first).toMatchObject({ cause: 'scheduled', compromised: false })
    const again = asked(decided([standing], t + 45 * 60_000, { schedule }))
    expect(again?.rotation, 'all processes ask for the same rotation').toBe(first?.rotation)
  })

  it('two deployments whose secret has the same id, schedule and first handle never ask for the same rotation', () => {
    const more = [{ schedule: '0 11 * * *' }, { maxAgeMs: 10_000 }]
    const request = (deployment: string, one: Record<string, unknown>) =>
      asked(decided([facts.held('old', t, { fingerprints: [`k1:${deployment.repeat(64)}`] })], t + hour, one))?.rotation
    for (const one of more) {
      expect(request('a', one)).toEqual(expect.any(String))
      expect(request('a', one)).toBe(request('a', one))
      expect(request('a', one)).not.toBe(request('b', one))
    }
  })

  it('many slots that were missed are one rotation', () => {
    const schedule = '0 * * * *'
    const request = asked(decided([standing], t + 10 * hour, { schedule }))
    const known = facts.requested(1, t + 10 * hour, { ...request, cause: 'scheduled' })
    const done = [
      known,
      { ...facts.step(1, t + 10 * hour, 'promoted', { cid: cid('new') }), rotation: request?.rotation ?? '' } as Fact,
      facts.held('new', t + 10 * hour, { rotation: request?.rotation ?? '' }),
      { ...facts.superseded('old', t + 10 * hour), rotation: request?.rotation ?? '' } as Fact,
      { ...facts.rotationEnded(1, t + 10 * hour), rotation: request?.rotation ?? '' } as Fact,
    ]
    expect(decided([standing, ...done], t + 10 * hour + 60_000, { schedule })).toEqual({ do: 'nothing' })
  })

  it('a slot that was rolled back is spent', () => {
    const schedule = '0 11 * * *'
    const now = t + 40 * 60_000
    const request = asked(decided([standing], now, { schedule }))
    const spent = [
      facts.requested(1, now, request),
      { ...facts.rotationEnded(1, now, 'rolled_back'), rotation: request?.rotation ?? '' } as Fact,
    ]
    expect(decided([standing, ...spent], now + 60_000, { schedule })).toEqual({ do: 'nothing' })
  })

  it('at its maximum age, and after so many sessions', () => {
    expect(decided([standing], t + hour - 1, { maxAgeMs: hour })).toEqual({ do: 'nothing' })
    expect(asked(decided([standing], t + hour, { maxAgeMs: hour }))).toMatchObject({ cause: 'max_age' })
    expect(decided([standing], t, { maxUses: 3 }, 2)).toEqual({ do: 'nothing' })
    expect(asked(decided([standing], t, { maxUses: 3 }, 3))).toMatchObject({ cause: 'max_uses' })
  })

  it('what was rolled back is tried again, ever more rarely', () => {
    const failed = (n: number, at: number) => [
      facts.requested(n, at, { cause: 'max_age', version: cid('old') }),
      facts.rotationEnded(n, at, 'rolled_back'),
    ]
    const once = [standing, ...failed(1, t + hour)]
    expect(decided(once, t + hour + 59_999, { maxAgeMs: hour })).toEqual({ do: 'nothing' })
    expect(asked(decided(once, t + hour + 60_000, { maxAgeMs: hour }))).toMatchObject({ cause: 'max_age' })
    const twice = [...once, ...failed(2, t + hour + 60_000)]
    expect(decided(twice, t + hour + 120_000, { maxAgeMs: hour })).toEqual({ do: 'nothing' })
  })

  it('a leak goes before what was asked for earlier', () => {
    const all = [standing, facts.requested(1, t), facts.requested(2, t + 1, { compromised: true, version: cid('old') })]
    expect(decided(all, t + 2)).toMatchObject({ do: 'run', rotation: { rotation: rotationOf(2) } })
  })

  it('what asks for the end of a version that is replaced already is satisfied', () => {
    const all = [standing, facts.superseded('old', t), facts.requested(2, t, { version: cid('old') })]
    expect(decided(all, t)).toMatchObject({ do: 'coalesce' })
  })

  it('what an issuer may have made late is searched for once, a while after the end', () => {
    const all = [standing, facts.requested(1, t), facts.locked(1, 1, 'a'.repeat(32)), facts.rotationEnded(1, t)]
    expect(decided(all, t + 299_999)).toEqual({ do: 'nothing' })
    expect(decided(all, t + 300_000)).toMatchObject({ do: 'sweep' })
    expect(decided([...all, facts.step(1, t + 300_000, 'swept')], t + 400_000)).toEqual({ do: 'nothing' })
  })
})

describe('the fence', () => {
  const holders = ['a', 'b', 'c'].map(letter => letter.repeat(32))

  it('of one attempt the first in the log has it, in whatever order the log is read', () => {
    const log = holders.map((holder, index) => ({ fact: facts.locked(1, 1, holder), offset: 10 + index }))
    const property = fc.property(fc.shuffledSubarray(log, { minLength: 3, maxLength: 3 }), shuffled => {
      const offsets = new Map(shuffled.map(one => [one.fact, one.offset]))
      const view = viewOf([facts.requested(1, t), ...shuffled.map(one => one.fact)], fact => offsets.get(fact) ?? 0)
      expect(view.rotations[0] && fenceOf(view.rotations[0])).toEqual({ attempt: 1, offset: 10, holder: holders[0] })
    })
    fc.assert(property)
  })

  it('a later attempt takes it', () => {
    const view = viewOf([
      facts.requested(1, t),
      facts.locked(1, 1, holders[0] ?? ''),
      facts.locked(1, 2, holders[1] ?? ''),
    ])
    expect(view.rotations[0] && fenceOf(view.rotations[0])).toMatchObject({ attempt: 2, holder: holders[1] })
  })

  it('of two rotations that have begun the first in the log runs, until it has ended', () => {
    const both = [
      facts.requested(1, t),
      facts.requested(2, t),
      facts.locked(2, 1, holders[1] ?? ''),
      facts.locked(1, 1, holders[0] ?? ''),
      facts.locked(1, 2, holders[0] ?? ''),
    ]
    expect(runningRotation(viewOf(both))?.rotation).toBe(rotationOf(2))
    expect(runningRotation(viewOf([...both, facts.rotationEnded(2, t)]))?.rotation).toBe(rotationOf(1))
  })
})

describe('the registry', () => {
  it.each([
    [
      'a poll that is slower than the overlap',
      { pickUp: { by: 'poll', everyMs: 60_000 }, overlapMs: 5_000 },
      /without a working version/,
    ],
    ['what is no cron expression', { schedule: 'every day' }, /a cron expression/],
    [
      'two fields of one name',
      { keeper: { store: 'kv', name: 'a', fields: { value: 'x', handle: 'x' } } },
      /three different fields/,
    ],
    ['a field that is not known', { overlap: 5 }, /overlap/],
  ])('refuses %s', (_name, more, message) => {
    expect(() => secret(more)).toThrow(message)
  })
})
