import { defineConfig } from 'vitest/config'

/** Unit and architecture tests need nothing; the others share one real stack, one file at a time. */
const onStack = (name: string, testTimeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: ['test/support/global-stack.ts'],
    setupFiles: ['test/support/nothing-left-open.ts'],
    fileParallelism: false,
    testTimeout: testTimeoutMs,
    maxConcurrency: 2,
    hookTimeout: 120_000,
  },
})

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts'],
          setupFiles: ['test/support/nothing-left-open.ts'],
        },
      },
      onStack('contract', 60_000),
      onStack('integration', 90_000),
      onStack('e2e', 120_000),
      onStack('chaos', 240_000),
    ],
  },
})
