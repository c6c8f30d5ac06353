import { z } from 'zod'
import { planId } from './force.ts'
import { lagWindow } from './http-lag.ts'
import { recordId } from './http-replay.ts'
import { senderId, storeId } from './primitives.ts'

const limit = z.coerce.number().int().min(1).max(10_000).default(200)
/** `?x`, `?x=true`, `?x=false`. */
const flag = z
  .enum(['', 'true', 'false'])
  .transform(value => value !== 'false')
  .default(false)

/** Queries of the API's reads. */
export const queries = {
  list: z.object({ limit }),
  grants: z.object({ alivePastDue: flag, session: senderId.optional(), limit }),
  session: z.object({
    /** Answers when it is closed, or at the timeout. */
    wait: z.enum(['closed']).optional(),
    timeoutMs: z.coerce.number().int().min(0).max(60_000).default(30_000),
  }),
  receipts: z.object({
    /** Epoch ms. */
    since: z.coerce.number().int().min(0).default(0),
    session: senderId.optional(),
    /** Forced by this plan. */
    plan: planId.optional(),
    limit,
  }),
  deadLetters: z.object({
    topic: z.string().max(249).optional(),
    reason: z.string().max(64).optional(),
    id: recordId.optional(),
    /** The resolved ones too. */
    all: flag,
    limit,
  }),
  doctor: z.object({ store: storeId.optional() }),
  lag: z.object({ window: lagWindow.default('1h') }),
}
