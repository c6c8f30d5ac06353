import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import { type IndexLane, indexLanes, type Lane } from '../pipeline/ports.ts'
import { type Queues, workJobId } from './queues.ts'

/** What the queue needs of the due index; implemented by services/ledger. */
export type Offer = { cid: string; epoch: number; lane: Lane }
export type DueIndexPort = {
  take(lane: IndexLane, room: number): Promise<Offer[]>
  defer(cid: string, lane: Lane, at: number): Promise<void>
  rechecked(cid: string): Promise<void>
  next(): Promise<{ now: number; next: number | undefined }>
}
export type DrainParts = { index: DueIndexPort; queues: Queues; room: number; crashPoint: PassCrashPoint }

const order = Object.keys(indexLanes) as IndexLane[]

/**
 * Takes everything that is due and hands it out, as far as the queues have room. Offering a known job again is a no-op.
 * One run at a time per process; a call during a run makes it run once more.
 */
export const drainer = (parts: DrainParts): (() => Promise<void>) => {
  let running: Promise<void> | undefined
  let again = false
  const run = async () => {
    do {
      again = false
      for (const lane of order) await drainLane(parts, lane)
    } while (again)
  }
  return () => {
    again = true
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

const drainLane = async ({ index, queues, room, crashPoint }: DrainParts, lane: IndexLane) => {
  const queue = queues[indexLanes[lane]]
  for (;;) {
    const { wait = 0, active = 0 } = await queue.getJobCounts('wait', 'active')
    const free = room - wait - active
    const taken = await index.take(lane, free)
    if (taken.length === 0) return
    await queue.addBulk(
      taken.map(({ cid, epoch }) => ({
        name: lane,
        data: { cid, epoch },
        opts: { jobId: workJobId({ cid, epoch }) },
      })),
    )
    crashPoint('after_job_added')
    if (taken.length < free) return
  }
}
