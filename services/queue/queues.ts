import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

/** Ids only: BullMQ keeps job data in clear. */
export type WorkJob = { cid: string; epoch: number }
export type WakeJob = { at: number }
export type RotateJob = { secret: string }

export type Queues = {
  leak: Queue<WorkJob>
  kill: Queue<WorkJob>
  probe: Queue<WorkJob>
  wake: Queue<WakeJob>
  rotate: Queue<RotateJob>
}

/** A job is a hint, never an obligation: no retries, removed when finished or failed, so that its id is free again. */
const jobOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const

/** Waiting (wake) and working (leak, kill, probe, rotate) are different queues: a delayed job never shares an id with work. */
export const openQueues = (redis: Redis, prefix: string): Queues & { close(): Promise<void> } => {
  const open = <T>(name: string) => {
    const queue = new Queue<T>(name, {
      connection: redis,
      prefix: queuePrefix(prefix),
      defaultJobOptions: jobOptions,
    })
    // The failing call says it where it matters; without a listener a lost connection would end the process.
    queue.on('error', () => undefined)
    return queue
  }
  const queues = {
    leak: open<WorkJob>('leak'),
    kill: open<WorkJob>('kill'),
    probe: open<WorkJob>('probe'),
    wake: open<WakeJob>('wake'),
    rotate: open<RotateJob>('rotate'),
  }
  return {
    ...queues,
    close: async () => {
      await Promise.all(Object.values(queues).map(queue => queue.close()))
    },
  }
}

export const queuePrefix = (prefix: string) => `${prefix}-queue`
/** BullMQ refuses `:` in ids. */
export const rotateJobId = (secret: string) => `rotate~${secret}`
export const workJobId = (job: WorkJob) => `${job.cid}~${job.epoch}`

/** Blocking connections of workers must wait through an outage instead of failing. */
export const workerConnection = (url: string): Redis => {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: times => Math.min(50 * times, 500) })
  redis.on('error', () => undefined)
  return redis
}
