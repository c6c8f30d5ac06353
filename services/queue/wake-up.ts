import type { Queue } from 'bullmq'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import type { WakeJob } from './queues.ts'

const gridMs = 20
/** A blocked worker's timeout ends up to 100 ms late (Redis's hz is 10): the job starts early and sleeps the rest itself. */
const earlyMs = 120
/** What lies further off is armed by a later sweep: the sweep is the guarantee, the wake-up only sharpens it. */
const horizonMs = 60_000

/**
 * Arms a BullMQ wake-up for a moment (epoch ms). Future moments share a 20 ms grid, so that a thousand expiries of one moment
 * are one job; the id of a moment whose job is firing would be a no-op, but then it lies in the past, and what is due
 * already wakes at once, by a job of its own.
 */
export const armWakeUp = async (queue: Queue<WakeJob>, at: number, crashPoint: PassCrashPoint): Promise<void> => {
  const now = Date.now()
  if (at > now + horizonMs) return
  if (at <= now) await queue.add('wake', { at: now })
  else {
    const moment = Math.ceil(at / gridMs) * gridMs
    const delay = Math.max(0, moment - now - earlyMs)
    await queue.add('wake', { at: moment }, { jobId: `wake~${moment}`, delay })
  }
  crashPoint('after_wake_up_armed')
}

/** Sleeps to the exact moment, inside the job. */
export const untilMoment = async (at: number): Promise<void> => {
  const ms = at - Date.now()
  if (ms > 0) await new Promise(resolve => setTimeout(resolve, Math.min(ms, 1_000)))
}
