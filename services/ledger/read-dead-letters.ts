import type { Admin, Kafka } from 'kafkajs'
import { type DeadLetter, deadLetter } from '../../schemas/dead-letter.ts'
import { connectAdmin } from './kafka.ts'
import { readRange } from './read-range.ts'

export type DeadLetterParts = { kafka: Kafka; topic: string }
export type KnownLetter = DeadLetter & { id: string; gone: boolean }

const mostLetters = 20_000
const mostBytes = 64 * 1024 * 1024
const timeoutMs = 20_000

/** The newest dead letters, each once, with whether it was resolved since and whether its record is still there. */
export const readDeadLetters = async ({
  kafka,
  topic,
}: DeadLetterParts): Promise<{ letters: KnownLetter[]; complete: boolean }> => {
  const admin = await connectAdmin(kafka)
  try {
    const ends = await admin.fetchTopicOffsets(topic)
    const ranges = ends.map(({ partition, low, high }) => ({
      partition,
      from: Math.max(Number(low), Number(high) - mostLetters),
      to: Number(high),
    }))
    const known = new Map<string, DeadLetter>()
    const whole = await readRange({
      kafka,
      topic,
      ranges,
      mostBytes,
      timeoutMs,
      onRecord: (_, { key, value }) => {
        const letter = parsed(value)
        // The last record of a letter counts: refused again after a replay, it is open again.
        if (letter) known.set(String(key), letter)
      },
    })
    const low = await lowOffsets(admin, new Set([...known.values()].map(one => one.topic)))
    const letters = [...known].map(([id, one]) => ({ ...one, id, gone: isGone(one, low) }))
    const fromTheStart = ends.every((end, i) => ranges[i]?.from === Number(end.low))
    return { letters: letters.sort((a, b) => b.receivedAt - a.receivedAt), complete: whole && fromTheStart }
  } finally {
    await admin.disconnect()
  }
}

const isGone = ({ topic, partition, offset }: DeadLetter, low: Map<string, number>) =>
  Number(offset) < (low.get(`${topic}/${partition}`) ?? Number.POSITIVE_INFINITY)

const lowOffsets = async (admin: Admin, topics: Set<string>): Promise<Map<string, number>> => {
  const there = new Set(await admin.listTopics())
  const each = [...topics]
    .filter(topic => there.has(topic))
    .map(async topic =>
      (await admin.fetchTopicOffsets(topic)).map(one => [`${topic}/${one.partition}`, Number(one.low)] as const),
    )
  return new Map((await Promise.all(each)).flat())
}

const parsed = (value: Buffer | null): DeadLetter | undefined => {
  try {
    return deadLetter.safeParse(JSON.parse(String(value))).data
  } catch {
    return undefined
  }
}
