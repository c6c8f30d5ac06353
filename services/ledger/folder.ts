import type { Redis } from 'ioredis'
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { Fact } from '../../schemas/facts.ts'
import { consumerSettings } from '../pipeline/consumer-settings.ts'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import { every } from '../pipeline/every.ts'
import { randomId } from '../pipeline/ids.ts'
import { type CaughtUp, caughtUp, type Inputs } from './caught-up.ts'
import { factsOf, foldBatch, metaOf, oneAtATime, type PartitionReader, partitionReader } from './partition.ts'
import type { LedgerScripts } from './redis.ts'
import { wipe } from './wipe.ts'

export type FolderParts = {
  kafka: Kafka
  admin: Admin
  redis: Redis
  scripts: LedgerScripts
  prefix: string
  topic: string
  partitions: number
  inputs: Inputs
  /** The fold made something due at this moment: wake the work. */
  onDue(at: number): Promise<void>
  crashPoint: PassCrashPoint
  /** A crashed consumer: the process exits and is started again. */
  onFatal(reason: string, error: unknown): void
  log(entry: object): void
  /** `rebuilding`: the partition is not ready yet, what is folded is history. */
  onFolded(partition: number, facts: Fact[], rebuilding: boolean): void
  /** Before the fold makes it due: it belongs to the trace that its cause came with. */
  traced?: ((partition: number, facts: Fact[]) => Promise<void>) | undefined
}

type Folder = FolderParts & { me: string; consumer: Consumer; readers: PartitionReader[]; marks: CaughtUp }

const leaseMs = 2_000
const tickMs = 1_000
const batchSize = 500

/**
 * Reads every facts partition and folds those whose lease it holds. Needs no consumer group of its own (a fresh id per
 * start): rebalances after a `kill -9` would spend the bound. Two owners at once are harmless: the fold compares and sets.
 */
export const startFolder = async (parts: FolderParts): Promise<{ poke(): Promise<void>; close(): Promise<void> }> => {
  const consumer = parts.kafka.consumer({
    groupId: `${parts.topic}-fold-${randomId()}`,
    ...consumerSettings,
  })
  const folder: Folder = {
    ...parts,
    me: randomId(),
    consumer,
    readers: Array.from({ length: parts.partitions }, (_, partition) => partitionReader(partition)),
    marks: caughtUp(parts),
  }
  let closing = false
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!closing) parts.onFatal('the facts consumer crashed', payload.error)
  })
  await consumer.connect()
  await consumer.subscribe({ topic: parts.topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: parts.partitions,
    eachBatch: payload => onBatch(folder, payload),
  })
  const stopTicking = every(tickMs, () => tick(folder))
  return {
    poke: async () => {
      if (folder.readers[0]?.owner) await folder.marks.tick()
    },
    close: async () => {
      closing = true
      await stopTicking()
      await consumer.disconnect()
      for (const reader of folder.readers)
        if (reader.owner) await parts.redis.del(ownerKey(folder, reader)).catch(() => 0)
    },
  }
}

const ownerKey = (folder: Folder, reader: PartitionReader) => `${folder.prefix}:owner:${reader.partition}`

const onBatch = async (folder: Folder, payload: EachBatchPayload): Promise<void> => {
  const { batch, isStale, isRunning } = payload
  const reader = folder.readers[batch.partition]
  // A batch that was fetched before a seek is delivered after it: folding it would lose what lies between.
  if (!reader || !isRunning() || isStale()) return
  await oneAtATime(reader, async () => {
    if (reader.metaId === undefined) {
      const meta = metaOf(batch.messages[0]?.value)
      if (!meta) return folder.onFatal('the facts partition does not begin with its meta record', batch.partition)
      reader.metaId = meta.id
      reader.metaReadAt = Date.now()
    }
    if (!reader.owner) return pause(folder, reader)
    // The tick may have sought meanwhile.
    if (isStale()) return
    const fetchedFrom = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset)
    if (fetchedFrom !== reader.wanted && !(fetchedFrom > reader.wanted && ++reader.gaps > 3))
      return seek(folder, reader, reader.wanted)
    reader.gaps = 0
    try {
      await foldMessages(folder, reader, payload)
    } catch (error) {
      // Redis is away: the tick takes the partition up again when it is back.
      folder.log({ msg: 'fold failed', partition: reader.partition, error: String(error) })
      reader.owner = false
      pause(folder, reader)
    }
  })
}

const foldMessages = async (folder: Folder, reader: PartitionReader, payload: EachBatchPayload) => {
  const { batch, resolveOffset, heartbeat } = payload
  for (let start = 0; start < batch.messages.length; start += batchSize) {
    if (payload.isStale()) return
    const messages = batch.messages.slice(start, start + batchSize)
    if (folder.traced && reader.readyAt === undefined) await folder.traced(reader.partition, factsOf(messages))
    const reply = await foldBatch(folder.scripts, folder.prefix, reader, messages)
    if (reply.status !== 'ok') return settle(folder, reader, reply)
    folder.crashPoint('after_fold')
    reader.prev = reply.applied
    reader.wanted = Number(reply.applied) + 1
    resolveOffset(reply.applied)
    folder.onFolded(reader.partition, reply.facts, reader.readyAt !== undefined)
    await markReady(folder, reader)
    if (reply.earliest !== undefined) await folder.onDue(reply.earliest)
    await heartbeat()
  }
}

/** Redis knows another place than this reader: go there. This one rule covers zombies, two owners, failover and FLUSHALL. */
const settle = async (folder: Folder, reader: PartitionReader, reply: { status: string; applied: string }) => {
  if (reply.status === 'wiping') return
  if (reply.status === 'meta') {
    // An id that was read long ago may itself be the old one: start again and read it anew before wiping anything.
    if (Date.now() - (reader.metaReadAt ?? 0) > 30_000)
      return folder.onFatal('the facts topic is another one than this process read', reader.partition)
    folder.log({ msg: 'another facts topic: wiping the projection', partition: reader.partition })
    await wipe(folder.redis, folder.prefix)
  }
  const applied = reply.status === 'meta' ? '-1' : reply.applied
  reader.prev = applied
  if (applied === '-1' || (await folder.redis.hexists(`${folder.prefix}:ready`, String(reader.partition))) === 0) {
    const watermarks = await folder.admin.fetchTopicOffsets(folder.topic)
    const mine = watermarks.find(one => one.partition === reader.partition)
    reader.readyAt = Number(mine?.high ?? 0)
    seek(folder, reader, applied === '-1' ? Number(mine?.low ?? 0) : Number(applied) + 1)
    await markReady(folder, reader)
  } else seek(folder, reader, Number(applied) + 1)
}

const seek = (folder: Folder, reader: PartitionReader, offset: number) => {
  reader.wanted = offset
  folder.consumer.seek({ topic: folder.topic, partition: reader.partition, offset: String(offset) })
}

const pause = (folder: Folder, reader: PartitionReader) => {
  folder.consumer.pause([{ topic: folder.topic, partitions: [reader.partition] }])
}

const markReady = async (folder: Folder, reader: PartitionReader) => {
  if (reader.readyAt === undefined || reader.wanted < reader.readyAt) return
  const said = await folder.scripts.ready(folder.prefix, reader.partition, reader.prev, reader.metaId ?? '')
  if (said === 1) delete reader.readyAt
}

/** Leases, an empty fold per partition (an idle system notices a FLUSHALL), and how far the inputs were read. */
const tick = async (folder: Folder) => {
  await Promise.all(
    folder.readers.map(reader =>
      oneAtATime(reader, () => tickPartition(folder, reader)).catch(error => {
        folder.log({ msg: 'tick failed', partition: reader.partition, error: String(error) })
      }),
    ),
  )
  if (folder.readers[0]?.owner)
    await folder.marks.tick().catch(error => folder.log({ msg: 'caught-up tick failed', error: String(error) }))
}

const tickPartition = async (folder: Folder, reader: PartitionReader) => {
  if (reader.metaId === undefined) return
  const key = ownerKey(folder, reader)
  const taken = (await folder.redis.set(key, folder.me, 'PX', leaseMs, 'NX')) === 'OK'
  const mine = taken || (await folder.redis.get(key)) === folder.me
  if (!mine) {
    if (reader.owner) pause(folder, reader)
    reader.owner = false
    return
  }
  if (!taken) await folder.redis.pexpire(key, leaseMs)
  const gained = !reader.owner
  reader.owner = true
  const reply = await foldBatch(folder.scripts, folder.prefix, reader, [])
  const notReady = (await folder.redis.hexists(`${folder.prefix}:ready`, String(reader.partition))) === 0
  if (gained || reply.status !== 'ok' || (notReady && reader.readyAt === undefined)) await settle(folder, reader, reply)
  // Also when nothing was gained: a partition that is ours must never stay paused.
  folder.consumer.resume([{ topic: folder.topic, partitions: [reader.partition] }])
}
