const most = 10_000

export type FirstStamp = (event: string, receivedAt: number) => number

/**
 * The stamp with which a statement was first seen here: told again it writes byte-identical facts, which compaction removes. An
 * optimisation only: a later stamp of the same leak changes nothing in the fold.
 */
export const firstStamps = (): FirstStamp => {
  const seen = new Map<string, number>()
  return (event, receivedAt) => {
    const first = seen.get(event)
    if (first !== undefined) return first
    const [oldest] = seen.keys()
    if (seen.size >= most && oldest !== undefined) seen.delete(oldest)
    seen.set(event, receivedAt)
    return receivedAt
  }
}
