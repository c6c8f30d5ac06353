import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { config as configSchema, type Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { Delivery, Dialect } from '../../services/intake/dialects/dialect.ts'
import { factsOfParsed } from '../../services/intake/facts-of-event.ts'
import { eventOfSaid } from '../../services/intake/said-event.ts'
import type { IntakeParts } from '../../services/intake/translation.ts'
import { decide } from '../../services/pipeline/decide.ts'
import { RejectedEvent } from '../../services/pipeline/errors.ts'
import { facts, folded, viewOf } from '../support/facts.ts'
import * as fixtures from '../support/lifecycle-fixtures.ts'
import { delivery, lifecycleDialects, now, secretFiles } from '../support/webhooks.ts'

const files = secretFiles()
afterAll(files.remove)
const dialectOf = lifecycleDialects(files)
const mapping = (preset: string) => dialectOf({ dialect: 'mapped', mapping: { preset } })

const principal: Principal = {
  id: 'orchestrator',
  tenant: 'acme',
  may: { lifecycle: true, grant: [], leak: false, admin: false },
}
const parts: IntakeParts = {
  config: configSchema.parse({
    kafka: { brokers: ['b'], principals: { lifecycle: 'orchestrator', grants: 'orchestrator', leaks: 'orchestrator' } },
    redis: { url: 'redis://127.0.0.1' },
    keysDir: 'k',
    principals: [{ id: 'orchestrator', tenant: 'acme', may: { lifecycle: true } }],
    stores: [],
  }),
  edge: {
    fingerprint: () => '',
    fingerprints: () => [],
    seal: () => ({ id: '', blob: '' }),
    open: () => Promise.reject(new Error('no values here')),
  },
}

/** What the route does with a delivery, without the route. */
const factsOf = async (dialect: Dialect, one: Delivery): Promise<Fact[]> => {
  const said = dialect.read(one).filter(each => each.says === 'event')
  const all = said.map(each => factsOfParsed(parts, eventOfSaid('sender', each), principal, one.receivedAt))
  return (await Promise.all(all)).flat()
}

type Vendor = {
  dialect: Dialect
  session: string
  task?: string
  /** A life in the right order, its end last. */
  life: unknown[]
  inferred: boolean
}
const vendors: Record<string, Vendor> = {
  'A2A v1.0': {
    dialect: dialectOf({ dialect: 'a2a' }),
    session: 'context-3',
    task: 'task-7',
    life: ['SUBMITTED', 'WORKING', 'INPUT_REQUIRED', 'WORKING', 'COMPLETED'].map(state =>
      fixtures.a2a.status(`TASK_STATE_${state}`),
    ),
    inferred: false,
  },
  'A2A v0.3': {
    dialect: dialectOf({ dialect: 'a2a' }),
    session: 'context-3',
    task: 'task-7',
    life: ['submitted', 'working', 'auth-required', 'working', 'canceled'].map(fixtures.a2aOld.task),
    inferred: false,
  },
  'MCP 2025-11-25': {
    dialect: dialectOf({ dialect: 'mcp-tasks' }),
    session: 'run-1',
    task: '786512e2-9e0d-44bd-8f29-789f320fe840',
    life: [fixtures.mcpOld.created, ...['working', 'input_required', 'failed'].map(fixtures.mcpOld.notification)],
    inferred: false,
  },
  'MCP 2026-07-28': {
    dialect: dialectOf({ dialect: 'mcp-tasks' }),
    session: 'run-1',
    task: '786512e2-9e0d-44bd-8f29-789f320fe840',
    life: [fixtures.mcpNew.created, ...['working', 'completed'].map(fixtures.mcpNew.notification)],
    inferred: false,
  },
  'Claude Managed Agents': {
    dialect: dialectOf({ dialect: 'claude-agents' }),
    session: 'sesn_01XYZ',
    life: ['run_started', 'idled', 'run_started', 'rescheduled', 'terminated'].map((state, i) => ({
      ...fixtures.claude(`session.status_${state}`),
      id: `event_${i}`,
    })),
    inferred: false,
  },
  'Argo Workflows': {
    dialect: mapping('argo-workflows'),
    session: '6f0c1a52-uid',
    life: ['Pending', 'Running', 'Failed'].map(fixtures.argo),
    inferred: true,
  },
  Temporal: {
    dialect: mapping('temporal'),
    session: '0190f3a1-run',
    life: ['Running', 'TimedOut'].map(fixtures.temporal),
    inferred: true,
  },
  'LangGraph Platform': {
    dialect: mapping('langgraph-platform'),
    session: '9dde5490-thread',
    task: '1ef67e94-run',
    life: [fixtures.langgraph('running'), fixtures.langgraph('success')],
    inferred: true,
  },
}
const headers = { 'mcp-session-id': 'run-1' }
/** The machine may be shared. */
const room = { timeout: 60_000 }
const marks = { grantsRead: 0, lifecycleRead: 0, expiryHoldMs: 0, holdFrom: 0 }

describe.each(Object.entries(vendors))('%s', (_, { dialect, session, task, life, inferred }) => {
  const token = facts.granted(session, 'h', now, {
    ...(task === undefined ? {} : { task }),
    start: { maxLifeMs: 86_400_000 },
  })
  const verdict = (all: Fact[], at: number) => {
    const view = viewOf(folded([token, ...all]), 'h')
    if (!view) throw new Error('no view')
    return decide(view, at, marks)
  }
  const end = life.length - 1
  const told = (index: number, at: number) => factsOf(dialect, delivery(life[index], headers, at))

  it('before its end the credential lives, and from its end on it is due', async () => {
    const all = (await Promise.all(life.map((_body, i) => told(i, now + i * 1_000)))).flat()
    const before = (await Promise.all(life.slice(0, -1).map((_body, i) => told(i, now + i * 1_000)))).flat()
    expect(verdict(before, now + 3_600_000).due).toBe(false)
    expect(verdict(all, now + 3_600_000)).toMatchObject({ due: true, at: now + end * 1_000, inferred })
  })

  it('a delivery that is repeated states the same facts', async () => {
    for (const [i] of life.entries()) expect(await told(i, now)).toEqual(await told(i, now))
  })

  it('in whatever order and however often: what comes after the end resurrects nothing', room, async () => {
    const order = fc.shuffledSubarray(
      [...life, ...life].map((_body, i) => i % life.length),
      { minLength: 2 * life.length },
    )
    await fc.assert(
      fc.asyncProperty(order, async indexes => {
        const all = (await Promise.all(indexes.map((index, i) => told(index, now + i * 1_000)))).flat()
        const endedAt = now + indexes.indexOf(end) * 1_000
        expect(verdict(all, now + 3_600_000)).toMatchObject({ due: true, at: endedAt, inferred })
      }),
      { numRuns: 200 },
    )
  })
})

describe('a late sign of life', () => {
  it('after the end it does not bring the session back, nor move its end', async () => {
    const { dialect } = vendors['A2A v1.0'] as Vendor
    const completed = await factsOf(dialect, delivery(fixtures.a2a.status('TASK_STATE_COMPLETED'), {}, now))
    const working = await factsOf(dialect, delivery(fixtures.a2a.status('TASK_STATE_WORKING'), {}, now + 60_000))
    const task = facts.granted('context-3', 'h', now - 1, { task: 'task-7' })
    const view = viewOf(folded([task, ...working, ...completed]), 'h')
    expect(view?.grants[0]?.session.tasks.get('task-7')).toMatchObject([{ at: now, reason: 'completed' }])
  })
})

describe('whatever is sent', () => {
  const everything = Object.values(vendors)
  const bodies = everything.flatMap(({ life }) => life)
  /** A documented body with anything at any place of it. */
  const bent = fc
    .tuple(
      fc.constantFrom(...bodies),
      fc.nat(),
      fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.constant('__proto__')),
    )
    .map(([body, where, value]) => {
      const copy = structuredClone(body)
      const places = placesOf(copy)
      const [holder, name] = places[where % places.length] ?? [{}, '']
      ;(holder as Record<string, unknown>)[name] = value
      return Buffer.from(JSON.stringify(copy))
    })
  const anything = fc.oneof(
    bent,
    fc.jsonValue().map(value => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  )

  it('nothing but RejectedEvent is ever thrown, and it quotes nothing', room, async () => {
    const property = fc.asyncProperty(anything, fc.nat({ max: everything.length - 1 }), async (body, which) => {
      const { dialect } = everything[which] as Vendor
      try {
        const all = await factsOf(dialect, delivery(body, headers))
        expect(JSON.stringify(all)).not.toContain(fixtures.planted)
      } catch (error) {
        if (!(error instanceof RejectedEvent)) throw error
        expect(error.message).not.toContain(fixtures.planted)
      }
    })
    await fc.assert(property, { numRuns: 10_000 })
  })
})

const placesOf = (value: unknown): [object, string][] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, child]) => [[value, name] as [object, string], ...placesOf(child)])
