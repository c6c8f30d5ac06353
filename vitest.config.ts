import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { workers } from './test/support/workers.ts'

const maxWorkers = workers(process.env)

/** Unit and architecture tests need nothing; of the others each worker has a real stack of its own, for one file at a time. */
const onStack = (name: string, testTimeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: ['test/support/global-stack.ts'],
    setupFiles: ['test/support/own-stack.ts', 'test/support/nothing-left-open.ts'],
    maxWorkers,
    testTimeout: testTimeoutMs,
    maxConcurrency: 2,
    hookTimeout: 120_000,
  },
})

export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts'],
          setupFiles: ['test/support/nothing-left-open.ts'],
          maxWorkers: 2,
          // Whole contracts are validated and thousands of inputs tried: seconds, on a busy machine more.
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      onStack('contract', 60_000),
      onStack('integration', 90_000),
      onStack('e2e', 120_000),
      onStack('chaos', 240_000),
    ],
  },
})
