import { z } from 'zod'
import { cause } from './grant.ts'
import { epochMs, storeId } from './primitives.ts'

/** GET /v1/lag: how long credentials lived past their due moment, by time, store and cause. */
export const lagWindow = z.enum(['15m', '1h', '24h', '7d'])
export type LagWindow = z.infer<typeof lagWindow>
/** How long each is, and how long one of its buckets. */
export const lagWindows: Record<LagWindow, { lengthMs: number; stepMs: number }> = {
  '15m': { lengthMs: 900_000, stepMs: 10_000 },
  '1h': { lengthMs: 3_600_000, stepMs: 30_000 },
  '24h': { lengthMs: 86_400_000, stepMs: 600_000 },
  '7d': { lengthMs: 7 * 86_400_000, stepMs: 3_600_000 },
}

const ms = z.number().min(0)
export const lagQuantiles = z.object({ p50: ms, p99: ms, max: ms })
export type LagQuantiles = z.infer<typeof lagQuantiles>

/** Mean times of the deaths that have them: due -> first step, -> first refusal, -> proven. */
export const lagStages = z.object({ dueStep: ms, stepDead: ms, deadVerified: ms })
export type LagStages = z.infer<typeof lagStages>

const perBucket = z.array(ms.nullable())

export const storeLag = z.object({
  store: storeId,
  died: z.int(),
  lagMs: lagQuantiles.optional(),
  stageMs: lagStages.optional(),
  /** One entry per bucket; null: nothing died in it. */
  series: z.object({ p50: perBucket, p99: perBucket, max: perBucket }),
})
export type StoreLag = z.infer<typeof storeLag>

export const causeLag = z.object({
  cause,
  died: z.int(),
  lagMs: lagQuantiles.optional(),
  /** Deaths in each bucket. */
  series: z.array(z.int()),
})
export type CauseLag = z.infer<typeof causeLag>

export const lag = z.object({
  window: lagWindow,
  now: epochMs,
  /** Start of the first bucket, and the length of each. The last one is not over yet. */
  from: epochMs,
  stepMs: z.int(),
  buckets: z.int(),
  /** What past due is allowed: the objective. */
  boundMs: z.int(),
  /** Quantiles come from logarithmic buckets: at most this far off, as a share. `max` is exact. */
  error: z.number(),
  /** False: the outcomes are still being read since the start of this process. */
  complete: z.boolean(),
  stores: z.array(storeLag),
  causes: z.array(causeLag),
  /** By store and cause, over the whole window. */
  cells: z.array(
    z.object({
      store: storeId,
      cause,
      died: z.int(),
      impossible: z.int(),
      unproven: z.int(),
      goneBeforeSeen: z.int(),
      lagMs: lagQuantiles.optional(),
    }),
  ),
})
export type Lag = z.infer<typeof lag>
