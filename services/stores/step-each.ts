import type { StepResult } from '../pipeline/ports.ts'

/** The step for every one, also where another one fails. The first that is no claim speaks for all of them. */
export const stepEach = async <T>(all: T[], step: (one: T) => Promise<StepResult>): Promise<StepResult> => {
  const done: StepResult[] = []
  for (const one of all) done.push(await step(one))
  return done.find(one => one.state !== 'claimed') ?? { state: 'claimed' }
}
