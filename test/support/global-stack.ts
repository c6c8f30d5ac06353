import { environmentOf } from '../../infra/stack/export-environment.ts'
import { startStack } from '../../infra/stack/start-stack.ts'
import { stacksVariable, workers } from './workers.ts'

/** One real stack for each worker: a test file may break what it stands on. A stack that is given already is used. */
const shared = globalThis as { curfewTestStacks?: Promise<() => Promise<void>> }

const start = async () => {
  const stacks = await Promise.all(Array.from({ length: workers(process.env) }, () => startStack()))
  process.env[stacksVariable] = JSON.stringify(stacks.map(stack => environmentOf(stack.addresses)))
  return async () => {
    await Promise.all(stacks.map(stack => stack.close()))
  }
}

export const setup = async (): Promise<() => Promise<void>> => {
  // Each project calls this, from a copy of this module of its own: the first one starts the stacks and ends them.
  if (shared.curfewTestStacks !== undefined) {
    await shared.curfewTestStacks
    return async () => undefined
  }
  shared.curfewTestStacks = start()
  return shared.curfewTestStacks
}
