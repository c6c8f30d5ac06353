import type { EachBatchPayload } from 'kafkajs'
import type { IntakeConsumerParts } from './intake-parts.ts'

/**
 * kafkajs answers an offset that retention overtook by going to the low watermark without a word. A batch that begins later
 * than the last one ended is a gap if what lies between is gone, and nothing of it is committed.
 */
export const jumped = async (
  parts: IntakeConsumerParts,
  expected: ReadonlyMap<string, number>,
  { batch }: EachBatchPayload,
): Promise<boolean> => {
  const { topic, partition } = batch
  const wanted = expected.get(`${topic}/${partition}`)
  const fetchedFrom = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset)
  if (wanted === undefined || fetchedFrom <= wanted || parts.acceptGap) return false
  const mark = (await parts.admin.fetchTopicOffsets(topic)).find(one => one.partition === partition)
  const [low, high] = [Number(mark?.low ?? 0), Number(mark?.high ?? 0)]
  if (low <= wanted) return false
  await parts.onGap([{ topic, partition, committed: wanted, low, high }])
  parts.onFatal('retention overtook the reading of an input topic', topic)
  return true
}
