import type { Consumer } from 'kafkajs'
import type { IntakeConsumerParts } from './intake-parts.ts'
import { findGaps } from './offset-guard.ts'

export const gapsOf = async (parts: IntakeConsumerParts, topics: string[]) =>
  parts.acceptGap ? [] : findGaps({ ...parts, topics })

/** A gap stops here, before anything is read: listed and paged until an operator says that it was reconciled. */
export const waitForSafeStart = async (parts: IntakeConsumerParts, topics: string[]): Promise<void> => {
  while ((await parts.groupHasBegun()) === undefined) await new Promise(resolve => setTimeout(resolve, 100))
  for (;;) {
    const gaps = await gapsOf(parts, topics)
    if (gaps.length === 0) return
    await parts.onGap(gaps)
    await new Promise(resolve => setTimeout(resolve, 5_000))
  }
}

/** A group that never began gets its first offsets, the low watermarks, from whoever is assigned the partition. */
export const commitFirstOffsets = async (
  { admin, group }: IntakeConsumerParts,
  consumer: Consumer,
  assigned: Record<string, number[]>,
): Promise<void> => {
  for (const [topic, partitions] of Object.entries(assigned)) {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const missing = committed?.partitions.filter(one => Number(one.offset) < 0).map(one => one.partition) ?? []
    const watermarks = await admin.fetchTopicOffsets(topic)
    const first = watermarks.filter(one => partitions.includes(one.partition) && missing.includes(one.partition))
    if (first.length > 0)
      await consumer.commitOffsets(first.map(({ partition, low }) => ({ topic, partition, offset: low })))
  }
}

/** From here on a missing offset is a gap: stated only when every partition has one. */
export const stateBegun = async ({ admin, group, facts, groupHasBegun }: IntakeConsumerParts, topics: string[]) => {
  if ((await groupHasBegun()) !== false) return
  const committed = await admin.fetchOffsets({ groupId: group, topics })
  if (committed.some(topic => topic.partitions.some(one => Number(one.offset) < 0))) return
  await facts.append([{ v: 1, kind: 'group', at: Date.now(), event: 'begun', by: 'curfew', group }])
}
