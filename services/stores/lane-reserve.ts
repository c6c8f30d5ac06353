import type { Lane } from '../pipeline/ports.ts'

/** What a lane leaves to the lanes before it: leaks may use everything, first probes half. Also of the smallest budgets something. */
export const laneReserve = (lane: Lane, total: number): number => {
  if (lane === 'leak') return 0
  const share = lane === 'kill' ? Math.max(1, Math.floor(total / 8)) : Math.max(2, Math.floor(total / 2))
  return Math.max(0, Math.min(total - 1, share))
}
