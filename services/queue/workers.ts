import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { every } from '../pipeline/every.ts'
import { firstProbe } from '../pipeline/first-probe.ts'
import type { Lane, Settled, WorkParts } from '../pipeline/ports.ts'
import { revoke } from '../pipeline/revoke.ts'
import { type DueIndexPort, drainer } from './drain.ts'
import { openQueues, queuePrefix, type WakeJob, type WorkJob, workerConnection, workLanes } from './queues.ts'
import { armWakeUp, untilMoment } from './wake-up.ts'

export type WorkerParts = {
  work: WorkParts
  index: DueIndexPort
  redis: Redis
  redisUrl: string
  prefix: string
  concurrency: number
  room: number
  wakeUps: boolean
  /** Asks the ledger's owners to look at once how far the inputs were read. */
  poke(): Promise<void>
  forget(cid: string): Promise<void>
  onFatal(reason: string, error: unknown): void
  log(entry: object): void
}

const sweepMs = 1_000
const deafAfterMs = 15_000

/** Job lock and stall check: a killed worker's job starts again after 9 s instead of BullMQ's 59 s. */
const lockOptions = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 1_000_000, drainDelay: 2 }

/** The sweep takes what is due every second: it is the guarantee. BullMQ hands the work out and sharpens the moment. */
export const startWorkers = (parts: WorkerParts): { close(): Promise<void> } => {
  const { redis, prefix, work } = parts
  const queues = openQueues(redis, prefix)
  const drain = drainer({ index: parts.index, queues, room: parts.room, crashPoint: work.crashPoint })
  const arm = (at: number) => (parts.wakeUps ? armWakeUp(queues.wake, at, work.crashPoint) : Promise.resolve())
  const lastDone: Record<Lane, number> = { leak: Date.now(), kill: Date.now(), probe: Date.now() }
  const connections: Redis[] = []
  const offers = new Set<Promise<void>>()
  const connect = () => {
    const connection = workerConnection(parts.redisUrl)
    connections.push(connection)
    return connection
  }

  const process = (lane: Lane) => async (job: Job<WorkJob>) => {
    const settled = await runJob(parts, lane, job.data.cid)
    lastDone[lane] = Date.now()
    return settled
  }
  const options = { prefix: queuePrefix(prefix), ...lockOptions }
  const workers: Worker[] = workLanes.map(lane => {
    const worker = new Worker<WorkJob, Settled>(lane, process(lane), {
      ...options,
      connection: connect(),
      concurrency: lane === 'probe' ? Math.max(2, Math.floor(parts.concurrency / 4)) : parts.concurrency,
    })
    // Only now is the job's id free again: offered before, the next job of this credential would be a silent no-op.
    worker.on('completed', (job, settled) => {
      const offering = offerAgain(parts, lane, job.data.cid, settled, arm).catch(() => undefined)
      offers.add(offering)
      void offering.finally(() => offers.delete(offering))
    })
    return worker
  })
  const sharpen = async () => {
    const { now, next } = await parts.index.next()
    if (next !== undefined && next - now < 60_000) await arm(next)
  }
  if (parts.wakeUps)
    workers.push(
      new Worker<WakeJob>(
        'wake',
        async job => {
          await untilMoment(job.data.at)
          await parts.poke()
          await drain()
          await sharpen()
        },
        { ...options, connection: connect(), concurrency: 32 },
      ),
    )
  // `error` alone is not deafness (a FLUSHALL makes hundreds); a queue with work that nobody takes is.
  for (const worker of workers) worker.on('error', () => undefined)

  const sweep = async () => {
    await drain()
    await sharpen()
    for (const lane of workLanes) {
      const { wait = 0, active = 0 } = await queues[lane].getJobCounts('wait', 'active')
      if (wait === 0 || active > 0) lastDone[lane] = Date.now()
      else if (Date.now() - lastDone[lane] > deafAfterMs) parts.onFatal(`the ${lane} worker is deaf`, { wait })
    }
  }
  const stopSweep = every(sweepMs, sweep, error => parts.log({ msg: 'sweep failed', error: String(error) }))

  return {
    close: async () => {
      await stopSweep()
      // Running jobs get a moment to end; what is cut off is offered again, that is what leases are for.
      await Promise.all(workers.map(worker => closeWithin(worker, 8_000)))
      await Promise.all(offers)
      await queues.close()
      for (const connection of connections) connection.disconnect()
    },
  }
}

const runJob = async (parts: WorkerParts, lane: Lane, cid: string): Promise<Settled> => {
  try {
    return await (lane === 'probe' ? firstProbe(parts.work, cid) : revoke(parts.work, cid, lane))
  } catch (error) {
    // Redis went away in the middle, or a bug: offered again, never dropped.
    parts.log({ msg: 'job failed', lane, cid, error: String(error) })
    return { state: 'again', at: Date.now() + 2_000 }
  }
}

const offerAgain = async (
  parts: WorkerParts,
  lane: Lane,
  cid: string,
  settled: Settled,
  arm: (at: number) => Promise<void>,
): Promise<void> => {
  if (settled.state === 'over') {
    // A first probe keeps its note: with Kafka away it alone says that the credential was seen alive.
    return lane === 'probe' ? parts.index.rechecked(cid) : parts.forget(cid)
  }
  await parts.index.defer(cid, lane, settled.at)
  if (lane !== 'probe') await arm(settled.at)
}

const closeWithin = async (worker: Worker, ms: number) => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  const result = await Promise.race([worker.close().then(() => 'closed' as const), timeout])
  clearTimeout(timer)
  if (result === 'late') await worker.close(true)
}
