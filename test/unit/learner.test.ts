import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { config as configSchema } from '../../schemas/config.ts'
import { factsOfEvent } from '../../services/intake/facts-of-event.ts'
import { type Edge, edge } from '../../services/intake/fingerprints.ts'
import { type LearnEvent, type LearnerParts, startLearner } from '../../services/learn/learner.ts'
import { loadPosition, savePosition } from '../../services/learn/place.ts'
import { learningStores, learnRules } from '../../services/learn/rules.ts'
import { FactsUnavailable } from '../../services/pipeline/errors.ts'
import type { FactEntry } from '../../services/pipeline/fact-key.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { until } from '../support/until.ts'

const recorded = readFileSync(new URL('../fixtures/openbao-2.7.2-audit.jsonl', import.meta.url), 'utf8')
const config = configSchema.parse({
  kafka: { brokers: ['b'], principals: { lifecycle: 'p', grants: 'p', leaks: 'p' } },
  redis: { url: 'redis://127.0.0.1' },
  keysDir: 'k',
  principals: [{ id: 'p', tenant: 'acme', may: { lifecycle: true, grant: ['v'], leak: true } }],
  stores: [
    {
      id: 'v',
      kind: 'vault',
      address: 'https://127.0.0.1',
      auth: { roleId: 'r', secretIdFile: 'f' },
      learn: { principal: 'p', auditTopic: 't', paths: ['auth/*', 'database/creds/*'], sessionStart: {} },
    },
  ],
})
const key = Buffer.alloc(32, 1)
const theEdge: Edge = edge(
  { peppers: { current: 'p1', keys: new Map([['p1', key]]) }, intake: { current: 'i', keys: new Map() } },
  sealing({ current: 's1', keys: new Map([['s1', key]]) }),
)
const [principal] = config.principals
const [store] = learningStores(config)
if (!principal || !store) throw new Error('the config has both')

const root = mkdtempSync(join(tmpdir(), 'curfew-learner-'))
afterAll(() => rmSync(root, { recursive: true }))
let auditFile: string
let positionFile: string
beforeEach(() => {
  const folder = mkdtempSync(join(root, 'one-'))
  auditFile = join(folder, 'audit.log')
  positionFile = join(folder, 'position')
  writeFileSync(auditFile, recorded)
})

const open = async (change: Partial<LearnerParts> = {}) => {
  const facts: FactEntry[] = []
  const told: LearnEvent[] = []
  const gaps = { asked: 0, done: 0 }
  const marks: number[] = []
  const learner = await startLearner({
    auditFile,
    positionFile,
    rules: learnRules(store, []),
    facts: { append: entries => Promise.resolve(void facts.push(...entries)) },
    factsOf: ({ raw, at }) => factsOfEvent({ config, edge: theEdge }, raw, principal, at),
    gaps: {
      found: () => {
        gaps.asked += 1
      },
      closed: () => gaps.done >= gaps.asked,
      close: () => Promise.resolve(),
    },
    clock: () => Promise.resolve(Date.now()),
    readUpTo: at => Promise.resolve(void marks.push(at)),
    salt: () => Promise.resolve('salt-1'),
    crashPoint: () => undefined,
    tell: event => told.push(event),
    ...change,
  })
  const sizes = () => told.map(({ event }) => event)
  return { learner, facts, told, gaps, marks, sizes }
}
const stands = async () => (await loadPosition(positionFile))?.place.offset

describe('the learner', () => {
  it('states what an issuer would, in its tenant, with the start of the session', async () => {
    const { learner, facts } = await open()
    await until('it is read', async () => (await stands()) === recorded.length)
    await learner.close()
    const granted = facts.filter(fact => fact.kind === 'granted')
    expect(granted.map(({ session, credentialKind }) => `${credentialKind} ${session}`)).toContain('vault.lease run-1')
    for (const fact of granted)
      expect(fact).toMatchObject({ tenant: 'acme', by: 'p', store: 'v', start: { maxLifeMs: 24 * 3_600_000 } })
    expect(facts.some(fact => fact.kind === 'renewed')).toBe(true)
  })

  it('keeps no place that is not acknowledged: while Kafka is away it reads again', async () => {
    let away = true
    const appended: number[] = []
    const { learner, sizes } = await open({
      facts: {
        append: entries => {
          if (away) return Promise.reject(new FactsUnavailable('away'))
          appended.push(entries.length)
          return Promise.resolve()
        },
      },
    })
    await until('it says so', () => sizes().filter(event => event === 'stuck').length > 1)
    expect(await stands()).toBe(0)
    away = false
    await until('it is read', async () => (await stands()) === recorded.length)
    await learner.close()
    expect(appended.length).toBeGreaterThan(0)
  })

  it('says nothing is read while a gap is open, and remembers the gap', async () => {
    const { learner, gaps, marks } = await open()
    await until('it is read', async () => (await stands()) === recorded.length)
    expect([gaps.asked, marks]).toEqual([1, []])
    expect((await loadPosition(positionFile))?.gap).toBe('no position is known')
    gaps.done = gaps.asked
    await until('it is closed', async () => (await loadPosition(positionFile))?.gap === undefined)
    await until('it is marked', () => marks.length > 0)
    appendFileSync(auditFile, 'torn {"type":"response"\n')
    await until('a torn line is a gap', () => gaps.asked === 2)
    const marked = marks.length
    await until('the gap is kept', async () => (await loadPosition(positionFile))?.gap === 'a line is not JSON')
    await learner.close()
    expect(marks.length - marked).toBeLessThanOrEqual(1)
  })

  it('asks for the inventory again after a start, while the gap is open', async () => {
    await savePosition(positionFile, { v: 1, place: { inode: '0:0', offset: 5, check: 'x' }, gap: 'before' })
    const { learner, gaps } = await open()
    await until('asked', () => gaps.asked >= 1)
    await learner.close()
  })

  it('tells of another salt, and of a hash that cannot be had', async () => {
    const first = await open()
    await until('it is read', async () => (await stands()) === recorded.length)
    await first.learner.close()
    const position = await loadPosition(positionFile)
    if (!position) throw new Error('no position')
    await savePosition(positionFile, { ...position, salt: 'salt-0' })
    const second = await open()
    await until('told', () => second.told.some(one => one.event === 'trouble' && one.trouble === 'salt_changed'))
    await second.learner.close()
    const third = await open({ salt: () => Promise.resolve(undefined) })
    await until('told', () => third.told.some(one => one.event === 'trouble' && one.trouble === 'no_hash'))
    await third.learner.close()
  })
})
