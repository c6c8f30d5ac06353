import { type ComponentName, type StackControl, startStack } from '../../infra/stack/start-stack.ts'

let shared: Promise<StackControl> | undefined
/** What this process stopped or paused and nobody started again. */
const down = { stopped: new Set<ComponentName>(), paused: new Set<ComponentName>() }

/** One stack per process; with the addresses in the environment it attaches to a running one. */
export const sharedStack = (): Promise<StackControl> => {
  shared ??= startStack({ onProgress: () => undefined }).then(remembering)
  return shared
}

const remembering = (stack: StackControl): StackControl => {
  const goesDown = (names: Set<ComponentName>, act: StackControl['stop']) => (component: ComponentName) => {
    names.add(component)
    return act(component)
  }
  const comesBack = (names: Set<ComponentName>, act: StackControl['start']) => async (component: ComponentName) => {
    await act(component)
    names.delete(component)
  }
  return {
    ...stack,
    stop: goesDown(down.stopped, stack.stop),
    start: comesBack(down.stopped, stack.start),
    pause: goesDown(down.paused, stack.pause),
    resume: comesBack(down.paused, stack.resume),
  }
}

/** Closes this process's attachment, if there is one. A test that failed while something was down leaves it up for the next file. */
export const sharedStackClosed = async (): Promise<void> => {
  const stack = await shared
  for (const component of down.paused) await stack?.resume(component)
  for (const component of down.stopped) await stack?.start(component)
  await stack?.close()
  shared = undefined
}
