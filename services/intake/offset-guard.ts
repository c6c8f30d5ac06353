import type { Admin } from 'kafkajs'
import { StartRefused } from '../pipeline/errors.ts'

export type OffsetGap = { topic: string; partition: number; committed: number; low: number; high: number }
export type GuardParts = {
  admin: Admin
  group: string
  topics: string[]
  /** Has this group begun before? A `group` fact says so; undefined: the facts are not folded yet. */
  groupHasBegun(): Promise<boolean | undefined>
}

/**
 * kafkajs resets silently when a committed offset is missing or out of range, and what lay between is lost. So before a
 * group runs: begun once and the offset missing or outside [low, high] is a gap; never begun starts at the low watermark.
 */
export const findGaps = async ({ admin, group, topics, groupHasBegun }: GuardParts): Promise<OffsetGap[]> => {
  const begun = await groupHasBegun()
  const committed = await admin.fetchOffsets({ groupId: group, topics })
  const gaps: OffsetGap[] = []
  for (const topic of topics) {
    const offsets = new Map(
      committed.find(one => one.topic === topic)?.partitions.map(one => [one.partition, Number(one.offset)]),
    )
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const offset = offsets.get(partition) ?? -1
      const missing = offset < 0 && begun !== false && Number(high) > 0
      const outside = offset >= 0 && (offset < Number(low) || offset > Number(high))
      if (missing || outside) gaps.push({ topic, partition, committed: offset, low: Number(low), high: Number(high) })
    }
  }
  return gaps
}

/** `receivedAt` is the broker's clock: refused at start where a topic takes the producer's word instead. */
export const requireLogAppendTime = async (admin: Admin, topics: string[]): Promise<void> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(name => ({ type: 2, name, configNames: ['message.timestamp.type'] })),
  })
  for (const resource of resources) {
    const value = resource.configEntries.find(entry => entry.configName === 'message.timestamp.type')?.configValue
    if (value !== 'LogAppendTime')
      throw new StartRefused(
        `topic ${resource.resourceName}: message.timestamp.type is ${value}, and must be LogAppendTime`,
      )
  }
}
