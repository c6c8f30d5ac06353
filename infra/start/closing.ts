import { say } from './say.ts'

export type Closing = { onClose(close: () => Promise<unknown> | unknown): void; close(): Promise<void> }

/** What is opened is closed in reverse; one that fails does not keep the others open. */
export const closing = (): Closing => {
  const closers: (() => Promise<unknown> | unknown)[] = []
  return {
    onClose: close => closers.push(close),
    close: async () => {
      for (let close = closers.pop(); close; close = closers.pop())
        try {
          await close()
        } catch (error) {
          say(`could not close: ${error instanceof Error ? error.message : String(error)}`)
        }
    },
  }
}
