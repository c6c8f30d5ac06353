import type { Config } from '../../schemas/config.ts'
import { latestEpochMs } from '../../schemas/primitives.ts'

/** "Never" is often written as the year 9999: beyond what a fact can say, and later than any maximum life. */
export const moment = (text: string) => Math.min(Math.max(0, Date.parse(text)), latestEpochMs)

/** Defaults and caps of the config are stamped in here: the fold needs no config. */
export const lifeLimits = (
  { session }: Config,
  declared: { maxLifeMs?: number | undefined; idleMs?: number | undefined },
) => {
  const idleMs = declared.idleMs ?? session.idleMs
  return {
    maxLifeMs: Math.min(declared.maxLifeMs ?? session.maxLifeMs, session.maxLifeCapMs),
    ...(idleMs === undefined ? {} : { idleMs }),
  }
}
