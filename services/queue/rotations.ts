import type { Queue } from 'bullmq'
import type { Ran } from '../pipeline/rotation/rotating.ts'
import { type RotateJob, rotateJobId } from './queues.ts'

export type RotationQueueParts = {
  secrets: ReadonlyMap<string, unknown>
  /** Is there anything to be done for this secret now? Only looked up, nothing is done. */
  wants(secret: string): Promise<boolean>
  run(secret: string): Promise<Ran>
  /** For so long no process offers it. Losing it costs an early look. */
  rest(secret: string, ms: number): Promise<void>
  pause(ms: number): Promise<unknown>
  log(entry: object): void
}

/** Of one secret one job at a time: the id of a running one cannot be added. What two processes do all the same, the fence decides. */
export const offerRotations = async (parts: RotationQueueParts, queue: Queue<RotateJob>): Promise<void> => {
  for (const secret of parts.secrets.keys())
    if (await parts.wants(secret)) await queue.add('rotate', { secret }, { jobId: rotateJobId(secret) })
}

const longestMs = 60_000
const shortMs = 1_000

/** As far as it comes: short waits inside the job, long ones outside. */
export const runRotation = async (parts: RotationQueueParts, secret: string): Promise<void> => {
  const until = Date.now() + longestMs
  while (Date.now() < until) {
    const ran = await ranOnce(parts, secret)
    if (ran.state === 'over') return
    if (ran.afterMs > shortMs) return parts.rest(secret, ran.afterMs)
    await parts.pause(ran.afterMs)
  }
}

const ranOnce = async (parts: RotationQueueParts, secret: string): Promise<Ran> => {
  try {
    return await parts.run(secret)
  } catch (error) {
    // Kafka or Redis went away in the middle, or a bug: offered again, never dropped.
    parts.log({ msg: 'rotation failed', secret, error: String(error) })
    return { state: 'again', afterMs: 2_000 }
  }
}
