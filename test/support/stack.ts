import { type ComponentName, type StackControl, startStack } from '../../infra/stack/start-stack.ts'

let shared: Promise<StackControl> | undefined
/** What this process stopped or paused and nobody started again. */
const down = { stopped: new Set<ComponentName>(), paused: new Set<ComponentName>() }

/** One stack per process; with the addresses in the environment it attaches to a running one. */
export const sharedStack = (): Promise<StackControl> => {
  shared ??= startStack({ onProgress: () => undefined }).then(remembering)
  return shared
}

const remembering = (stack: StackControl): StackControl => ({
  ...stack,
  stop: async component => {
    down.stopped.add(component)
    await stack.stop(component)
  },
  start: async component => {
    await stack.start(component)
    down.stopped.delete(component)
  },
  pause: async component => {
    down.paused.add(component)
    await stack.pause(component)
  },
  resume: async component => {
    await stack.resume(component)
    down.paused.delete(component)
  },
})

/** Closes this process's attachment, if there is one. A test that failed while something was down leaves it up for the next file. */
export const sharedStackClosed = async (): Promise<void> => {
  const stack = await shared
  for (const component of down.paused) await stack?.resume(component)
  for (const component of down.stopped) await stack?.start(component)
  await stack?.close()
  shared = undefined
}
