import { type StackControl, startStack } from '../../infra/stack/start-stack.ts'

let shared: Promise<StackControl> | undefined

/** One stack per process; with the addresses in the environment it attaches to a running one. */
export const sharedStack = (): Promise<StackControl> => {
  shared ??= startStack({ onProgress: () => undefined })
  return shared
}

/** Closes this process's attachment, if there is one. */
export const sharedStackClosed = async (): Promise<void> => {
  await (await shared)?.close()
  shared = undefined
}
