import type { Redis } from 'ioredis'
import type { Admin } from 'kafkajs'
import { redisTimeMs } from './redis.ts'

/** What can carry a renewal beside the grants topic: audit topics in a group of their own, and learners by their store's id. */
export type Inputs = {
  group: string
  grants: string
  lifecycle: string
  learned?: { group: string; topics: string[]; stores: string[] }
}
/** Up to when each learner has read its audit file, epoch ms by store id. */
export const learnedMarks = (prefix: string) => `${prefix}:learned`

export type CaughtUpParts = {
  admin: Admin
  redis: Redis
  prefix: string
  topic: string
  partitions: number
  inputs: Inputs
  onDue(at: number): Promise<void>
  log(entry: object): void
}
export type CaughtUp = { tick(): Promise<void> }

const pageAfterMs = 5 * 60_000

type Ends = Map<number, number>
type Pending = { t1: number; inputEnds: Ends; learnedEnds: Ends[]; factEnds?: Ends }
type Input = 'grants' | 'lifecycle'

/**
 * Late reading: a cause that a later fact can move later acts when the input that can carry that fact was read up to end
 * offsets taken at t1 >= its deadline, and *then* the facts were folded up to end offsets taken at t2 >= t1. The end offset
 * is taken first and compared after; a pending target is kept until it is reached, so that steady traffic cannot starve it.
 */
export const caughtUp = (parts: CaughtUpParts): CaughtUp => {
  const pending: Partial<Record<Input, Pending>> = {}
  let running: Promise<void> | undefined
  let pagedAt = 0

  const advance = async (input: Input) => {
    const topic = parts.inputs[input]
    const learned = input === 'grants' ? parts.inputs.learned : undefined
    const target = pending[input] ?? (await newTarget(parts, topic, learned?.topics ?? []))
    pending[input] = target
    if (Date.now() - target.t1 > pageAfterMs && Date.now() - pagedAt > pageAfterMs) {
      pagedAt = Date.now()
      parts.log({ msg: 'PAGE reading late: soft causes are held', topic, afterMs: pagedAt - target.t1 })
    }
    if (!target.factEnds) {
      if (!(await committedUpTo(parts, parts.inputs.group, topic, target.inputEnds))) return
      if (learned && !(await learnedUpTo(parts, learned, target))) return
      target.factEnds = await endOffsets(parts.admin, parts.topic)
    }
    if (!(await foldedUpTo(parts, target.factEnds))) return
    delete pending[input]
    await parts.redis.hset(`${parts.prefix}:marks`, input, target.t1)
    await wakeIfDue(parts, input === 'grants' ? 'expiry' : 'idle', target.t1)
  }

  const run = async () => {
    await Promise.all([advance('grants'), advance('lifecycle')])
  }
  return {
    tick: () => {
      running ??= run().finally(() => {
        running = undefined
      })
      return running
    },
  }
}

/** The moment first, the end offsets after: what was written until t1 lies below them. */
const newTarget = async (parts: CaughtUpParts, topic: string, learned: string[]): Promise<Pending> => {
  const t1 = await redisTimeMs(parts.redis)
  const learnedEnds = await Promise.all(learned.map(one => endOffsets(parts.admin, one)))
  return { t1, inputEnds: await endOffsets(parts.admin, topic), learnedEnds }
}

/** Renewals are in the stores' own streams too: their audit topics are read, and every learner stood at its file's end since. */
const learnedUpTo = async (
  parts: CaughtUpParts,
  { group, topics, stores }: NonNullable<Inputs['learned']>,
  { t1, learnedEnds }: Pending,
): Promise<boolean> => {
  for (const [at, topic] of topics.entries())
    if (!(await committedUpTo(parts, group, topic, learnedEnds[at] ?? new Map()))) return false
  const marks = await parts.redis.hgetall(learnedMarks(parts.prefix))
  return stores.every(store => Number(marks[store] ?? 0) >= t1)
}

const endOffsets = async (admin: Admin, topic: string): Promise<Ends> => {
  const watermarks = await admin.fetchTopicOffsets(topic)
  // An empty partition counts as read.
  return new Map(watermarks.filter(one => one.high !== one.low).map(one => [one.partition, Number(one.high)]))
}

/** The intake group commits only after its facts were acknowledged: committed implies durable. */
const committedUpTo = async (parts: CaughtUpParts, group: string, topic: string, ends: Ends): Promise<boolean> => {
  if (ends.size === 0) return true
  const [offsets] = await parts.admin.fetchOffsets({ groupId: group, topics: [topic] })
  const committed = new Map(offsets?.partitions.map(one => [one.partition, Number(one.offset)]))
  return [...ends].every(([partition, end]) => (committed.get(partition) ?? -1) >= end)
}

const foldedUpTo = async (parts: CaughtUpParts, ends: Ends): Promise<boolean> => {
  const applied = await parts.redis.hgetall(`${parts.prefix}:applied`)
  return [...ends].every(([partition, end]) => Number(applied[String(partition)] ?? -1) >= end - 1)
}

const wakeIfDue = async (parts: CaughtUpParts, lane: 'expiry' | 'idle', upTo: number) => {
  const due = await parts.redis.zrangebyscore(`${parts.prefix}:due:${lane}`, '-inf', upTo, 'LIMIT', 0, 1)
  if (due.length > 0) await parts.onDue(upTo)
}
