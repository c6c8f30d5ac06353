import { StartRefused } from '../pipeline/errors.ts'
import type { Log } from './log.ts'

/** What is opened is closed in reverse; a part that cannot start yet (Kafka is down) is tried again and holds nothing else up. */
export type Lifetime = {
  onClose(close: () => Promise<unknown> | unknown): void
  /** Starts in the background, again with backoff until it succeeds. A StartRefused ends the process instead. */
  startEventually(name: string, start: () => Promise<{ close(): Promise<void> } | undefined>): void
  close(): Promise<void>
}

export const lifetime = (log: Log, onRefused: (error: StartRefused) => void): Lifetime => {
  const closers: (() => Promise<unknown> | unknown)[] = []
  let closing = false
  let wake: () => void = () => undefined
  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const eventually = async (name: string, start: () => Promise<{ close(): Promise<void> } | undefined>) => {
    for (let backoffMs = 200; !closing; backoffMs = Math.min(backoffMs * 2, 2_000)) {
      try {
        const started = await start()
        if (started) closers.push(() => started.close())
        return
      } catch (error) {
        if (error instanceof StartRefused) return onRefused(error)
        log({ msg: `${name} cannot start yet`, error: error instanceof Error ? error.message : String(error) })
        await pause(backoffMs)
      }
    }
  }

  return {
    onClose: close => closers.push(close),
    startEventually: (name, start) => {
      const starting = eventually(name, start)
      closers.push(() => starting)
    },
    close: async () => {
      closing = true
      wake()
      for (let close = closers.pop(); close; close = closers.pop())
        try {
          await close()
        } catch (error) {
          log({ msg: 'could not close', error: error instanceof Error ? error.message : String(error) })
        }
    },
  }
}
