import type { BringUpOptions } from './bring-up.ts'
import type { BroughtUp } from './local-plans.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

export async function containerComponents(_options: BringUpOptions): Promise<BroughtUp> {
  throw new StackFailure('containers are not written yet', exitUnavailable)
}
