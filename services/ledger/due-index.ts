import { type IndexLane, indexLanes, type Lane } from '../pipeline/ports.ts'
import type { LedgerScripts } from './redis.ts'

export type Taken = { cid: string; epoch: number; lane: Lane }
export type DueIndex = {
  take(lane: IndexLane, room: number): Promise<Taken[]>
  /** Offers a credential again at `at`, epoch ms. */
  defer(cid: string, lane: Lane, at: number): Promise<void>
  /** Looked at once more, and still dead. */
  rechecked(cid: string): Promise<void>
  /** The next moment at which something is offered, and Redis's now. */
  next(): Promise<{ now: number; next: number | undefined }>
}

/** Longer than a job's lock: a job that is still running is not offered a second time. */
const leaseMs = 12_000
/** Lua's unpack and a single call's time bound what one call may take. */
const mostInOneCall = 1_000

export const dueIndex = (
  scripts: LedgerScripts,
  options: { prefix: string; partitions: number; expiryHoldMs: number },
): DueIndex => {
  const { prefix, partitions, expiryHoldMs } = options
  return {
    take: async (lane, room) => {
      const limit = Math.min(room, mostInOneCall)
      if (limit <= 0) return []
      const reply = (await scripts.take(prefix, lane, limit, leaseMs, partitions, expiryHoldMs)) as string[]
      const taken: Taken[] = []
      for (let i = 1; i + 1 < reply.length; i += 2)
        taken.push({ cid: reply[i] ?? '', epoch: Number(reply[i + 1]), lane: indexLanes[lane] })
      return taken
    },
    defer: async (cid, lane, at) => {
      const affected = lane === 'probe' ? ['probe', 'recheck'] : ['leak', 'hard', 'expiry', 'idle']
      await scripts.defer(prefix, cid, Math.round(at), ...affected)
    },
    rechecked: async cid => {
      await scripts.rechecked(prefix, cid)
    },
    next: async () => {
      const [now, next] = (await scripts.next(prefix)) as [string, string]
      return { now: Number(now), next: next === '' ? undefined : Number(next) }
    },
  }
}
