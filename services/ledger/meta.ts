import type { Admin } from 'kafkajs'
import { StartRefused } from '../pipeline/errors.ts'
import { randomId } from '../pipeline/ids.ts'
import type { FactLog } from '../pipeline/ports.ts'

/**
 * Every facts partition begins with its meta record. Two processes that start at once may both write one: the first counts,
 * its key is unique and compaction keeps it.
 */
export const ensureMeta = async (admin: Admin, facts: FactLog, topic: string, partitions: number): Promise<void> => {
  const watermarks = await admin.fetchTopicOffsets(topic)
  if (watermarks.length !== partitions)
    throw new StartRefused(
      `topic ${topic} has ${watermarks.length} partitions and the config says ${partitions}: the count is fixed for its life`,
    )
  const empty = watermarks.filter(one => one.high === '0').map(one => one.partition)
  if (empty.length === 0) return
  const { clusterId } = await admin.describeCluster()
  const id = randomId()
  const base = { v: 1, kind: 'meta', at: Date.now(), event: 'meta', by: 'curfew', id, cluster: clusterId } as const
  await facts.append(empty.map(partition => ({ ...base, partition, partitions })))
}
