import type { Fact } from '../../schemas/facts.ts'

const most = 10_000

/**
 * With which stamp a statement became durable here: told again it writes byte-identical facts, which compaction removes. An
 * optimisation only: a later stamp of the same leak changes nothing in the fold.
 */
export type FirstStamps = { of(event: string, receivedAt: number): number; keep(durable: Fact[]): void }

export const firstStamps = (): FirstStamps => {
  const stamps = new Map<string, number>()
  return {
    of: (event, receivedAt) => stamps.get(event) ?? receivedAt,
    keep: durable => {
      for (const { event, at } of durable) {
        if (stamps.has(event)) continue
        const [oldest] = stamps.keys()
        if (stamps.size >= most && oldest !== undefined) stamps.delete(oldest)
        stamps.set(event, at)
      }
    },
  }
}
