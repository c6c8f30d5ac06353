import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { foldBatch, type PartitionReader, parseFact, partitionReader } from '../../services/ledger/partition.ts'
import { type LedgerScripts, ledgerScripts } from '../../services/ledger/redis.ts'
import { indexScores } from '../../services/pipeline/decide.ts'
import { type FactEntry, factRecord } from '../../services/pipeline/fact-key.ts'
import { anyFacts, handles } from '../support/arbitrary-facts.ts'
import { cid, facts, folded, viewOf } from '../support/facts.ts'
import { sharedStack } from '../support/stack.ts'

let redis: Redis
let scripts: LedgerScripts
let runs = 0
const freshPrefix = () => `fold-${process.pid}-${runs++}`
beforeAll(async () => {
  redis = new Redis((await sharedStack()).addresses.redisUrl)
  scripts = ledgerScripts(redis)
})
afterAll(() => {
  redis.disconnect()
})

const messages = (all: Fact[], from = 0) =>
  all.map((fact, i) => ({ offset: String(from + i), value: Buffer.from(JSON.stringify(fact)) }))
const reader = (): PartitionReader => ({ ...partitionReader(0), metaId: 'm' })
const lanes = ['leak', 'hard', 'expiry', 'idle', 'probe', 'recheck'] as const

it('the Lua fold and index agree with the TypeScript ones', async () => {
  const property = fc.asyncProperty(anyFacts, fc.nat(40), async (all, cut) => {
    const prefix = freshPrefix()
    const first = all.slice(0, cut)
    const one = reader()
    if (first.length > 0) {
      await foldBatch(scripts, prefix, one, messages(first))
      one.prev = String(first.length - 1)
    }
    if (cut < all.length) await foldBatch(scripts, prefix, one, messages(all.slice(cut), first.length))
    // As the fold reads them: a fact is what its record says.
    const state = folded(all.flatMap(fact => parseFact(Buffer.from(JSON.stringify(fact))) ?? []))
    for (const [name, hash] of state.hashes)
      expect(await redis.hgetall(`${prefix}:${name}`), name).toEqual(Object.fromEntries(hash))
    for (const [name, set] of state.sets)
      expect((await redis.smembers(`${prefix}:${name}`)).sort(), name).toEqual([...set].sort())
    for (const handle of handles) {
      const view = viewOf(state, handle)
      const expected = view ? indexScores(view) : {}
      for (const lane of lanes) {
        const score = await redis.zscore(`${prefix}:at:${lane}`, cid(handle))
        expect(score === null ? undefined : Number(score), `${handle} ${lane}`).toBe(expected[lane])
        expect(await redis.zscore(`${prefix}:due:${lane}`, cid(handle))).toBe(score)
      }
    }
  })
  await fc.assert(property, { numRuns: 300 })
})

it('a reader that is not where the state stands changes nothing and is told where to go', async () => {
  const prefix = freshPrefix()
  const one = reader()
  const all = fc.sample(anyFacts, { numRuns: 1, seed: 7 })[0] ?? []
  expect(await foldBatch(scripts, prefix, one, messages(all))).toMatchObject({
    status: 'ok',
    applied: String(all.length - 1),
  })
  const zombie = reader()
  const before = await redis.dbsize()
  expect(await foldBatch(scripts, prefix, zombie, messages(all))).toMatchObject({
    status: 'moved',
    applied: String(all.length - 1),
  })
  expect(await redis.dbsize()).toBe(before)
})

it('another facts topic is noticed by its meta id', async () => {
  const prefix = freshPrefix()
  await foldBatch(
    scripts,
    prefix,
    reader(),
    messages(
      fc.sample(
        anyFacts.filter(all => all.length > 0),
        { numRuns: 1, seed: 7 },
      )[0] ?? [],
    ),
  )
  const other = { ...reader(), metaId: 'another' }
  expect(await foldBatch(scripts, prefix, other, [])).toMatchObject({ status: 'meta' })
})

it('nothing is taken before every partition is ready', async () => {
  const prefix = freshPrefix()
  await redis.zadd(`${prefix}:due:hard`, 1, 'c')
  await redis.hset(`${prefix}:ready`, '0', 'm')
  expect(await scripts.take(prefix, 'hard', 10, 15_000, 2, 900_000)).toHaveLength(1)
  await redis.hset(`${prefix}:ready`, '1', 'm')
  expect(await scripts.take(prefix, 'hard', 10, 15_000, 2, 900_000)).toEqual([expect.any(String), 'c', '0'])
  expect(await scripts.take(prefix, 'hard', 10, 15_000, 2, 900_000), 'leased').toHaveLength(1)
})

it('a retry of one cause neither drags later lanes along nor stays in front of a new cause', async () => {
  const prefix = freshPrefix()
  const lanesOf = ['leak', 'hard', 'expiry', 'idle']
  const now = Date.now()
  for (const [lane, at] of [
    ['idle', now - 10],
    ['hard', now + 3_600_000],
  ] as const) {
    await redis.zadd(`${prefix}:at:${lane}`, at, 'c')
    await redis.zadd(`${prefix}:due:${lane}`, at, 'c')
  }
  await scripts.defer(prefix, 'c', now + 5_000, ...lanesOf)
  expect(Number(await redis.zscore(`${prefix}:due:idle`, 'c'))).toBe(now + 5_000)
  expect(Number(await redis.zscore(`${prefix}:due:hard`, 'c'))).toBe(now + 3_600_000)
  expect(await redis.zscore(`${prefix}:due:leak`, 'c'), 'what is not there is not added').toBeNull()
})

it('the end of the probe that settled a credential does not take away the recheck that its outcome has just set', async () => {
  const prefix = freshPrefix()
  const set = async (at: number) => {
    await redis.zadd(`${prefix}:at:recheck`, at, 'c')
    await redis.zadd(`${prefix}:due:recheck`, at, 'c')
  }
  const now = Date.now()
  await set(now + 5_000)
  await scripts.rechecked(prefix, 'c')
  expect(Number(await redis.zscore(`${prefix}:due:recheck`, 'c'))).toBe(now + 5_000)
  await set(now - 1)
  await scripts.rechecked(prefix, 'c')
  expect(await redis.zscore(`${prefix}:due:recheck`, 'c'), 'its own moment had come').toBeNull()
})

it('the last record of a sealed value wins, and what is settled has its values to shred', async () => {
  const prefix = freshPrefix()
  const one = reader()
  const granted = facts.granted('s', 'h', 1, { valueSealed: true })
  const dead = facts.outcome('h', 5, { outcome: 'impossible' })
  const key = (fact: FactEntry) => Buffer.from(factRecord(fact, 8).key)
  const fold = async (all: FactEntry[]) => {
    const from = Number(one.prev) + 1
    const records = all.map((fact, i) => {
      const { value } = factRecord(fact, 8)
      return { offset: String(from + i), key: key(fact), value: value === null ? null : Buffer.from(value) }
    })
    await foldBatch(scripts, prefix, one, records)
    one.prev = String(from + all.length - 1)
  }
  const shred: FactEntry = { kind: 'shred', cid: cid('h'), id: 'k1-a' }
  await fold([granted, facts.sealed('h', 2, 'k1-a'), dead])
  expect(await redis.hgetall(`${prefix}:v:${cid('h')}`)).toEqual({ 'k1-a': 'blob of k1-a' })
  expect(Number(await redis.zscore(`${prefix}:due:recheck`, cid('h'))), 'due since it settled').toBe(5)
  await fold([shred])
  expect(await redis.exists(`${prefix}:v:${cid('h')}`)).toBe(0)
  await scripts.rechecked(prefix, cid('h'))
  expect(await redis.zscore(`${prefix}:due:recheck`, cid('h'))).toBeNull()
  await fold([facts.sealed('h', 2, 'k1-a')])
  expect(await redis.zscore(`${prefix}:due:recheck`, cid('h')), 'announced again: to shred again').not.toBeNull()
})

it('after a rebuild old deaths are not looked at again, and what contains a credential is', async () => {
  const prefix = freshPrefix()
  const recheckAt = Date.now() - 5 * 3_600_000
  const impossible = { outcome: 'impossible', recheckAt } as const
  const known = [
    facts.granted('s', 'dead', 1),
    facts.granted('s', 'contained', 1),
    facts.outcome('dead', recheckAt - 1, { recheckAt }),
    facts.outcome('contained', recheckAt - 1, { ...impossible, contained: { at: recheckAt - 1, how: 'a policy' } }),
  ]
  await foldBatch(scripts, prefix, reader(), messages(known))
  await redis.hset(`${prefix}:ready`, { 0: 'm', 1: 'm' })
  expect(await scripts.take(prefix, 'recheck', 10, 15_000, 2, 900_000)).toEqual([
    expect.any(String),
    cid('contained'),
    '0',
  ])
  expect(await redis.zscore(`${prefix}:due:recheck`, cid('dead'))).toBeNull()
})
