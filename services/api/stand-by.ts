import { every } from '../pipeline/every.ts'

type Serving = { close(): Promise<void> }

/**
 * Serves as soon as it can. Where another process holds the port, this one looks every second and takes over when that one
 * ends: several API processes are one API.
 */
export const standBy = (serve: () => Promise<Serving>, log: (entry: object) => void): { close(): Promise<void> } => {
  let serving: Serving | undefined
  let waiting = false
  const attempt = async () => {
    try {
      serving ??= await serve()
    } catch (error) {
      if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
      if (!waiting) log({ msg: 'another process holds the port of the API: standing by' })
      waiting = true
    }
  }
  const stop = every(1_000, attempt, error => {
    log({ msg: 'the API cannot listen yet', error: error instanceof Error ? error.message : 'unknown' })
  })
  return {
    close: async () => {
      await stop()
      await serving?.close()
    },
  }
}
