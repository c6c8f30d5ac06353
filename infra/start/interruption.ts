import { exit, StartFailure } from './failure.ts'

export type Interruption = {
  /** Aborted when the end is wanted; its reason is what the command ends with. */
  signal: AbortSignal
  /** Settles as `work` does, or rejects as soon as the end is wanted. */
  during<T>(work: Promise<T>): Promise<T>
  /** The end is wanted when `broken` rejects. */
  failOn(broken: Promise<never>): void
}

// npm hands a Ctrl-C on that the terminal has sent us already: the same one, moments later.
const sameKeyMs = 1_000

/** The first SIGINT, SIGTERM or SIGHUP asks for the end, a second one forces it. */
export const interruption = (force: () => void): Interruption => {
  const controller = new AbortController()
  const { signal } = controller
  let firstAt: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = Date.now()
        controller.abort(new StartFailure('', exit.interrupted))
      } else if (Date.now() - firstAt > sameKeyMs) {
        force()
        process.exit(exit.interrupted)
      }
    })
  // A closed terminal answers writes with an error, which must not keep us from ending what we started.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  const wanted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  wanted.catch(() => undefined)
  return {
    signal,
    during: work => Promise.race([work, wanted]),
    failOn: broken => void broken.catch((error: unknown) => controller.abort(error)),
  }
}
