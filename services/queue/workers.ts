import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { every } from '../pipeline/every.ts'
import { firstProbe } from '../pipeline/first-probe.ts'
import { type Lane, lanes, type Settled, type WorkParts } from '../pipeline/ports.ts'
import { revoke } from '../pipeline/revoke.ts'
import { type DueIndexPort, drainer } from './drain.ts'
import {
  openQueues,
  type Queues,
  queuePrefix,
  type RotateJob,
  type WakeJob,
  type WorkJob,
  workerConnection,
} from './queues.ts'
import { offerRotations, type RotationQueueParts, runRotation } from './rotations.ts'
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
  rotations: RotationQueueParts
  /** Asks the ledger's owners to look at once how far the inputs were read. */
  poke(): Promise<void>
  forget(cid: string): Promise<void>
  traced(lane: Lane, cid: string, run: () => Promise<Settled>): Promise<Settled>
  onFatal(reason: string, error: unknown): void
  log(entry: object): void
}

const sweepMs = 1_000
const rotationsAtOnce = 4
const deafAfterMs = 15_000

/** Job lock and stall check: a killed worker's job starts again after 9 s instead of BullMQ's 59 s. */
const lockOptions = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 1_000_000, drainDelay: 2 }

type Pool = { workers: Worker[]; connections: Redis[]; offers: Set<Promise<void>>; lastDone: Record<Lane, number> }
type Arm = (at: number) => Promise<void>

/** The sweep takes what is due every second: it is the guarantee. BullMQ hands the work out and sharpens the moment. */
export const startWorkers = (parts: WorkerParts): { close(): Promise<void> } => {
  const { index, room, work } = parts
  const queues = openQueues(parts.redis, parts.prefix)
  const drain = drainer({ index, queues, room, crashPoint: work.crashPoint })
  const arm: Arm = at => (parts.wakeUps ? armWakeUp(queues.wake, at, work.crashPoint) : Promise.resolve())
  const now = Date.now()
  const pool: Pool = { workers: [], connections: [], offers: new Set(), lastDone: { leak: now, kill: now, probe: now } }
  const sharpen = async () => {
    const { now: redisNow, next } = await index.next()
    if (next !== undefined && next - redisNow < 60_000) await arm(next)
  }
  for (const lane of lanes) addLaneWorker(parts, pool, lane, arm)
  if (parts.rotations.secrets.size > 0)
    addWorker<RotateJob, void>(parts, pool, 'rotate', rotationsAtOnce, job =>
      runRotation(parts.rotations, job.data.secret),
    )
  if (parts.wakeUps)
    addWorker<WakeJob, void>(parts, pool, 'wake', 32, async job => {
      await untilMoment(job.data.at)
      await parts.poke()
      await drain()
      await sharpen()
    })
  const sweep = async () => {
    await drain()
    await sharpen()
    await offerRotations(parts.rotations, queues.rotate)
    await exitIfDeaf(parts, pool, queues)
  }
  const stopSweep = every(sweepMs, sweep, error => parts.log({ msg: 'sweep failed', error: String(error) }))
  return {
    close: async () => {
      await stopSweep()
      // Running jobs get a moment to end; what is cut off is offered again, that is what leases are for.
      await Promise.all(pool.workers.map(worker => closeWithin(worker, 8_000)))
      await Promise.all(pool.offers)
      await queues.close()
      for (const connection of pool.connections) connection.disconnect()
    },
  }
}

const addWorker = <T, R>(
  parts: WorkerParts,
  pool: Pool,
  name: string,
  concurrency: number,
  process: (job: Job<T>) => Promise<R>,
): Worker<T, R> => {
  const connection = workerConnection(parts.redisUrl)
  pool.connections.push(connection)
  const worker = new Worker<T, R>(name, process, {
    ...lockOptions,
    prefix: queuePrefix(parts.prefix),
    connection,
    concurrency,
  })
  // `error` alone is not deafness (a FLUSHALL makes hundreds); a queue with work that nobody takes is.
  worker.on('error', () => undefined)
  pool.workers.push(worker as Worker)
  return worker
}

const addLaneWorker = (parts: WorkerParts, pool: Pool, lane: Lane, arm: Arm): void => {
  const concurrency = lane === 'probe' ? Math.max(2, Math.floor(parts.concurrency / 4)) : parts.concurrency
  const worker = addWorker<WorkJob, Settled>(parts, pool, lane, concurrency, async job => {
    const settled = await runJob(parts, lane, job.data.cid)
    pool.lastDone[lane] = Date.now()
    return settled
  })
  // Only now is the job's id free again: offered before, the next job of this credential would be a silent no-op.
  worker.on('completed', (job, settled) => {
    const offering = offerAgain(parts, lane, job.data.cid, settled, arm).catch(() => undefined)
    pool.offers.add(offering)
    void offering.finally(() => pool.offers.delete(offering))
  })
}

const exitIfDeaf = async (parts: WorkerParts, { lastDone }: Pool, queues: Queues): Promise<void> => {
  for (const lane of lanes) {
    const { wait = 0, active = 0 } = await queues[lane].getJobCounts('wait', 'active')
    if (wait === 0 || active > 0) lastDone[lane] = Date.now()
    else if (Date.now() - lastDone[lane] > deafAfterMs) parts.onFatal(`the ${lane} worker is deaf`, { wait })
  }
}

const runJob = async (parts: WorkerParts, lane: Lane, cid: string): Promise<Settled> => {
  try {
    return await parts.traced(lane, cid, () =>
      lane === 'probe' ? firstProbe(parts.work, cid) : revoke(parts.work, cid, lane),
    )
  } catch (error) {
    // Redis went away in the middle, or a bug: offered again, never dropped.
    parts.log({ msg: 'job failed', lane, cid, error: String(error) })
    return { state: 'again', at: Date.now() + 2_000 }
  }
}

const offerAgain = async (parts: WorkerParts, lane: Lane, cid: string, settled: Settled, arm: Arm): Promise<void> => {
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
