import { environmentOf } from '../../infra/stack/export-environment.ts'
import { startStack } from '../../infra/stack/start-stack.ts'

/** One real stack for the run: the test files find it through the environment. A stack that is given already is used. */
let running: Promise<() => Promise<void>> | undefined

const start = async () => {
  const stack = await startStack()
  Object.assign(process.env, environmentOf(stack.addresses))
  return () => stack.close()
}

export const setup = async (): Promise<() => Promise<void>> => {
  // Each project calls this: the first one starts the stack and ends it.
  if (running !== undefined) {
    await running
    return async () => undefined
  }
  running = start()
  return running
}
