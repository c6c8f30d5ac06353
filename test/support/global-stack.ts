import { environmentOf } from '../../infra/stack/export-environment.ts'
import { startStack } from '../../infra/stack/start-stack.ts'
import { stacksVariable, workers } from './workers.ts'

/** One real stack for each worker: a test file may break what it stands on. A stack that is given already is used. */
let running: Promise<() => Promise<void>> | undefined

const start = async () => {
  const stacks = await Promise.all(Array.from({ length: workers(process.env) }, () => startStack()))
  process.env[stacksVariable] = JSON.stringify(stacks.map(stack => environmentOf(stack.addresses)))
  return async () => {
    await Promise.all(stacks.map(stack => stack.close()))
  }
}

export const setup = async (): Promise<() => Promise<void>> => {
  // Each project calls this: the first one starts the stacks and ends them.
  if (running !== undefined) {
    await running
    return async () => undefined
  }
  running = start()
  return running
}
