import type { CanaryStatus } from '../../schemas/status.ts'

/** Health is the age of a canary's last proven death (DESIGN.md, invariant 13): after so many of its periods it is too old. */
export const oldAfterPeriods = 3
export const isOldCanary = (ageMs: number, { everyMs = 0 }: Pick<CanaryStatus, 'everyMs'>): boolean =>
  ageMs >= oldAfterPeriods * everyMs

/** A clock that differs from Redis's by this much is red. */
export const maxSkewMs = 2_000
