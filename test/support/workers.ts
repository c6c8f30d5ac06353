/** Which stacks the workers have: for the processes that run test files. */
export const stacksVariable = 'CURFEW_TEST_STACKS'

/** How many test files run at once, each on a stack of its own. One, unless `npm test` asks for more; a stack that is given is one. */
export const workers = (environment: Record<string, string | undefined>): number =>
  environment.CURFEW_STACK_CONTROL || environment.CURFEW_KAFKA_BROKERS
    ? 1
    : Number(environment.CURFEW_TEST_WORKERS ?? 1)
