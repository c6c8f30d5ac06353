import type { Principal } from '../schemas/config.ts'
import type { ReplaySelect } from '../schemas/http-replay.ts'
import type { ReplayRecord } from './intake/replay.ts'
import { connectAdmin } from './ledger/kafka.ts'
import { type KnownLetter, readDeadLetters } from './ledger/read-dead-letters.ts'
import { type Range, readRange } from './ledger/read-range.ts'
import { RejectedEvent } from './pipeline/errors.ts'
import type { Parts } from './roles.ts'

/** Where a replay reads: fixed once, so that applying it reads what was planned. */
export type ReplaySource = {
  ranges: Record<string, Range[]>
  /** Only what concerns this session. */
  session?: string | undefined
  letters?: KnownLetter[] | undefined
}
export type SourceParts = Pick<Parts, 'config' | 'kafka'> & { topics: ReadonlyMap<string, Principal> }

export const mostRecords = 50_000
const mostBytes = 64 * 1024 * 1024
const timeoutMs = 60_000
const dayMs = 86_400_000

export const sourceOf = (parts: SourceParts, select: ReplaySelect, now: number): Promise<ReplaySource> => {
  if ('deadLetters' in select) return ofLetters(parts, select.deadLetters)
  if ('from' in select) {
    const { topic, partition, from, to } = select
    return bounded(parts, { ranges: { [inputOf(parts, topic)]: [{ partition, from, to }] } })
  }
  const { since = now - dayMs, until } = select
  const topics =
    'topic' in select && select.topic !== undefined ? [inputOf(parts, select.topic)] : [...parts.topics.keys()]
  return ofTime(parts, topics, since, until, 'session' in select ? select.session : undefined)
}

const inputOf = ({ topics }: SourceParts, topic: string): string => {
  if (topics.has(topic)) return topic
  throw new RejectedEvent(
    'not_an_input',
    `no input topic of that name in your tenant; there are ${[...topics.keys()].join(', ') || 'none'}`,
  )
}

/** A tenant's own letters only: what another tenant's topics refused is nobody else's business. */
export const lettersOf = async ({ kafka, config, topics }: SourceParts) => {
  const read = await readDeadLetters({ kafka, topic: config.kafka.topics.deadLetters })
  return { ...read, letters: read.letters.filter(one => topics.has(one.topic)) }
}

const ofLetters = async (
  parts: SourceParts,
  { topic, reason, ids }: Extract<ReplaySelect, { deadLetters: unknown }>['deadLetters'],
): Promise<ReplaySource> => {
  const { letters: all } = await lettersOf(parts)
  const letters = all.filter(
    one =>
      !one.resolved &&
      (topic === undefined || one.topic === topic) &&
      (reason === undefined || one.reason === reason) &&
      (ids === undefined || ids.includes(one.id)),
  )
  const ranges: ReplaySource['ranges'] = {}
  for (const [name, mine] of Map.groupBy(
    letters.filter(one => !one.gone),
    one => one.topic,
  ))
    ranges[name] = nearby(mine)
  return bounded(parts, { ranges, letters })
}

const nearbyRecords = 200
/** Letters that lie close together are read in one go. */
const nearby = (letters: KnownLetter[]): Range[] => {
  const ranges: Range[] = []
  const sorted = letters
    .map(({ partition, offset }) => ({ partition, from: Number(offset), to: Number(offset) + 1 }))
    .sort((a, b) => a.partition - b.partition || a.from - b.from)
  for (const one of sorted) {
    const last = ranges.at(-1)
    if (last && last.partition === one.partition && one.from - last.to < nearbyRecords) last.to = one.to
    else ranges.push(one)
  }
  return ranges
}

const ofTime = async (
  parts: SourceParts,
  topics: string[],
  since: number,
  until: number | undefined,
  session?: string,
) => {
  const admin = await connectAdmin(parts.kafka)
  try {
    const ranges: ReplaySource['ranges'] = {}
    for (const topic of topics) {
      const [ends, starts, stops] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchTopicOffsetsByTimestamp(topic, since),
        until === undefined ? [] : admin.fetchTopicOffsetsByTimestamp(topic, until),
      ])
      const at = (all: { partition: number; offset: string }[], partition: number, otherwise: string) =>
        Number(all.find(one => one.partition === partition)?.offset ?? otherwise)
      ranges[topic] = ends.map(({ partition, high, low }) => ({
        partition,
        from: Math.max(Number(low), at(starts, partition, low)),
        to: at(stops, partition, high),
      }))
    }
    return await bounded(parts, { ranges, session })
  } finally {
    await admin.disconnect()
  }
}

/** Cut to what is there, and refused where it is too much to be looked at. */
const bounded = async ({ kafka }: SourceParts, source: ReplaySource): Promise<ReplaySource> => {
  const admin = await connectAdmin(kafka)
  try {
    for (const [topic, ranges] of Object.entries(source.ranges)) {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map(one => [one.partition, one]))
      source.ranges[topic] = ranges
        .map(({ partition, from, to }) => ({
          partition,
          from: Math.max(from, Number(ends.get(partition)?.low ?? 0)),
          to: Math.min(to, Number(ends.get(partition)?.high ?? 0)),
        }))
        .filter(one => one.from < one.to)
    }
  } finally {
    await admin.disconnect()
  }
  const records = Object.values(source.ranges)
    .flat()
    .reduce((sum, { from, to }) => sum + to - from, 0)
  if (records > mostRecords && !source.letters)
    throw new RejectedEvent(
      'too_wide',
      `${records} records lie there, and ${mostRecords} can be replayed at a time: name a shorter time or fewer offsets`,
    )
  return source
}

/** The original records of a source. Throws where they cannot be read to their end: half a plan is none. */
export const recordsOf = async ({ kafka }: SourceParts, { ranges, letters }: ReplaySource): Promise<ReplayRecord[]> => {
  const expected = letters && new Map(letters.map(one => [one.id, one.payloadSha256]))
  const records: ReplayRecord[] = []
  for (const [topic, wanted] of Object.entries(ranges)) {
    const whole = await readRange({
      kafka,
      topic,
      ranges: wanted,
      mostBytes,
      timeoutMs,
      onRecord: (partition, message) => {
        const hash = expected?.get(`${topic}/${partition}/${message.offset}`)
        if (!expected || hash !== undefined) records.push({ topic, partition, message, expected: hash })
      },
    })
    if (!whole) throw new RejectedEvent('too_wide', `${topic} could not be read to the end in time: name fewer records`)
  }
  // Partitions are read side by side: in the order that they came, a plan would not be recognised.
  return records.sort(
    (a, b) =>
      a.topic.localeCompare(b.topic) ||
      a.partition - b.partition ||
      Number(BigInt(a.message.offset) - BigInt(b.message.offset)),
  )
}
