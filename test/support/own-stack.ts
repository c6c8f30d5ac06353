import { stacksVariable } from './workers.ts'

/** Before anything of the test file: its worker's stack is the one that it finds in the environment. */
const stacks = JSON.parse(process.env[stacksVariable] ?? '[]') as Record<string, string>[]
Object.assign(process.env, stacks[Number(process.env.VITEST_POOL_ID ?? 1) - 1])
