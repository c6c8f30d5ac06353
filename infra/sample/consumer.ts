import { setTimeout } from 'node:timers/promises'

/**
 * A client that reads its key by name and uses it all the time. It reads again on its poll, and once more right after a refusal
 * (`rereads`): only what still fails then is a failed call.
 */
export const startConsumer = (options: {
  read(): Promise<string | undefined>
  use(key: string): Promise<'accepted' | 'refused' | 'unknown'>
  callsPerSecond: number
  pollMs: number
  rereads?: boolean
  /** Where the store publishes a moment after the old key has ended: a read at once may still bring the old one. */
  rereadAfterMs?: number
}) => {
  const seen = new Set<string>()
  const counts = { calls: 0, failed: 0, reread: 0 }
  let key = ''
  let closing = false
  const running = new Set<Promise<unknown>>()
  const refresh = async () => {
    const read = await options.read()
    if (read !== undefined) key = read
    seen.add(key)
    return read ?? key
  }
  const call = async () => {
    counts.calls += 1
    if ((await options.use(key)) === 'accepted') return
    counts.reread += 1
    if (options.rereads) {
      if (options.rereadAfterMs) await setTimeout(options.rereadAfterMs)
      if ((await options.use(await refresh())) === 'accepted') return
    }
    counts.failed += 1
  }
  const track = (work: Promise<unknown>) => {
    running.add(work)
    void work.catch(() => (counts.failed += 1)).finally(() => running.delete(work))
  }
  const loop = async (everyMs: number, run: () => Promise<unknown>) => {
    while (!closing) {
      track(run())
      await setTimeout(everyMs)
    }
  }
  const loops = refresh().then(() =>
    Promise.all([loop(options.pollMs, refresh), loop(1_000 / options.callsPerSecond, call)]),
  )
  return {
    counts,
    /** Every key that was ever read. */
    seen,
    close: async () => {
      closing = true
      await loops
      await Promise.allSettled(running)
    },
  }
}
