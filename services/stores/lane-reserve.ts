import type { Lane } from '../pipeline/ports.ts'

/** What a lane leaves to the lanes before it: leaks may use everything, first probes half. */
export const laneReserve = (lane: Lane, total: number): number => {
  if (lane === 'leak') return 0
  return Math.max(0, Math.min(total - 1, Math.floor(lane === 'kill' ? total / 8 : total / 2)))
}
