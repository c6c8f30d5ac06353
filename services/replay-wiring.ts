import { randomBytes } from 'node:crypto'
import { Partitioners } from 'kafkajs'
import type { Principal } from '../schemas/config.ts'
import type { DeadLetterList, ReplayPlan } from '../schemas/http-replay.ts'
import type { ReplayPort } from './api/ports.ts'
import { sendDeadLetters } from './intake/dead-letters.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { RejectedEvent } from './pipeline/errors.ts'
import { type Difference, differenceOf, type PlanParts } from './replay-plan.ts'
import { lettersOf, type ReplaySource, sourceOf } from './replay-sources.ts'
import type { Parts } from './roles.ts'

type Saved = { plan: ReplayPlan; source: ReplaySource; hash: string; tenant: string }

const validMs = 10 * 60_000
const keptMs = 86_400_000
const chunk = 200
const mostListed = 50

/** Dead letters, and reading again what was missed. Its plans live in Redis: losing one costs making it again. */
export const replayPort = (parts: Parts): ReplayPort => {
  const { redis, config, log } = parts
  const key = (plan: string) => `${config.redis.prefix}:replay:${plan}`
  const load = async (plan: string, { tenant }: Principal): Promise<Saved | undefined> => {
    const text = await redis.get(key(plan))
    const saved = text === null ? undefined : (JSON.parse(text) as Saved)
    return saved?.tenant === tenant ? saved : undefined
  }
  const save = (saved: Saved) =>
    redis.set(key(saved.plan.plan), JSON.stringify(saved), 'PX', saved.plan.state === 'planned' ? validMs : keptMs)
  const running = new Map<string, Promise<void>>()
  return {
    letters: async (principal, query) => listed(await lettersOf(partsFor(parts, principal)), query),
    plan: async (select, principal) => {
      const mine = partsFor(parts, principal)
      const source = await sourceOf(mine, select, Date.now())
      const difference = await differenceOf(mine, source)
      const plan = planOf(difference, source)
      await save({ plan, source, hash: difference.hash, tenant: principal.tenant })
      return plan
    },
    find: async (plan, principal) => (await load(plan, principal))?.plan,
    apply: async (plan, principal) => {
      const saved = await load(plan, principal)
      if (!saved || saved.plan.state === 'done' || running.has(plan)) return saved?.plan
      const mine = partsFor(parts, principal)
      const difference = await differenceOf(mine, saved.source)
      if (difference.hash !== saved.hash)
        throw new RejectedEvent(
          'plan_changed',
          'what lies there says something else than when it was planned: plan it again',
        )
      saved.plan = { ...planOf(difference, saved.source), plan, state: 'running' }
      await save(saved)
      log({ msg: 'replay', operation: plan, by: principal.id, records: difference.records.length })
      const work = applied(parts, principal, saved, difference, save).catch(async () => {
        saved.plan = { ...saved.plan, state: 'failed', problem: 'Kafka or Redis did not take it' }
        await save(saved).catch(() => undefined)
      })
      running.set(
        plan,
        work.finally(() => running.delete(plan)),
      )
      return saved.plan
    },
  }
}

/** A principal replays what its own tenant's topics carry. */
const partsFor = ({ config, kafka, redis, edge }: Parts, { tenant }: Principal): PlanParts => {
  const { topics, principals } = config.kafka
  const byTopic = (['lifecycle', 'grants', 'leaks'] as const).flatMap(name => {
    const who = config.principals.find(one => one.id === principals[name])
    return who?.tenant === tenant ? [[topics[name], who] as const] : []
  })
  return {
    config,
    kafka,
    redis,
    tenant,
    topics: new Map(byTopic),
    factsOf: (raw, who, receivedAt) => factsOfEvent({ config, edge }, raw, who, receivedAt),
  }
}

type Query = Parameters<ReplayPort['letters']>[1]
const listed = (
  { letters, complete }: Awaited<ReturnType<typeof lettersOf>>,
  { topic, reason, id, all, limit }: Query,
): DeadLetterList => {
  const open: Record<string, number> = {}
  for (const one of letters) if (!one.resolved) open[one.reason] = (open[one.reason] ?? 0) + 1
  const wanted = letters.filter(
    one =>
      (id === undefined ? all || !one.resolved : one.id === id) &&
      (topic === undefined || one.topic === topic) &&
      (reason === undefined || one.reason === reason),
  )
  return { letters: wanted.slice(0, limit), open, complete: complete && wanted.length <= limit }
}

const planOf = ({ records }: Difference, { letters }: ReplaySource): ReplayPlan => {
  const refusals = records.flatMap(one =>
    one.state === 'refused' ? [{ id: one.id, code: one.code, detail: one.detail }] : [],
  )
  const understood = records.flatMap(one => (one.state === 'facts' ? [one] : []))
  const changes = understood.flatMap(one => one.changes)
  const newByKind: Record<string, number> = {}
  for (const { kind } of changes) newByKind[kind] = (newByKind[kind] ?? 0) + 1
  const all = understood.reduce((sum, one) => sum + one.facts.length, 0)
  return {
    plan: `rp_${randomBytes(6).toString('hex')}`,
    state: 'planned',
    records: records.length,
    facts: { new: changes.length, known: all - changes.length, newByKind },
    refused: refusals.length,
    refusals: refusals.slice(0, mostListed),
    gone: letters?.filter(one => one.gone).length ?? 0,
    resolves: letters ? understood.length : 0,
    done: 0,
    appended: 0,
    expiresAt: Date.now() + validMs,
  }
}

/** Facts first, durable; then the letters that they resolve. Stopped anywhere, it is gone on with: done work is a no-op. */
const applied = async (
  { ledger, kafka, config, counters }: Parts,
  { id: by }: Principal,
  saved: Saved,
  { records }: Difference,
  save: (saved: Saved) => Promise<unknown>,
): Promise<void> => {
  const letters = new Map(saved.source.letters?.map(one => [one.id, one]))
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
  try {
    await producer.connect()
    for (let start = 0; start < records.length; start += chunk) {
      const part = records.slice(start, start + chunk)
      const facts = part.flatMap(one => one.changes)
      if (facts.length > 0) await ledger.facts.append(facts)
      const resolved = part.flatMap(one => {
        const letter = letters.get(one.id)
        if (!letter || one.state !== 'facts') return []
        const { id: _, gone: __, ...kept } = letter
        return [{ ...kept, resolved: { at: Date.now(), by, facts: one.facts.length } }]
      })
      await sendDeadLetters(producer, config.kafka.topics.deadLetters, resolved)
      for (const { topic, reason } of resolved) counters.add('curfew_dead_letters_resolved_total', { topic, reason })
      const { plan } = saved
      saved.plan = { ...plan, done: plan.done + part.length, appended: plan.appended + facts.length }
      await save(saved)
    }
    saved.plan = { ...saved.plan, state: 'done' }
    await save(saved)
  } finally {
    await producer.disconnect()
  }
}
