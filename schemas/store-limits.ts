import { z } from 'zod'

/** Calls to a store, shared by all processes. */
export const budgetOf = (standard: { callsPerSecond: number; burst: number; inFlight: number }) =>
  z
    .strictObject({
      callsPerSecond: z.number().positive().default(standard.callsPerSecond),
      burst: z.int().positive().default(standard.burst),
      inFlight: z.int().positive().default(standard.inFlight),
      /** The product locks the caller out at the n-th 429 inside the window: never reached. */
      lockout: z.strictObject({ strikes: z.int().min(2), windowMs: z.int().positive() }).optional(),
    })
    .prefault({})
export const budget = budgetOf({ callsPerSecond: 400, burst: 100, inFlight: 32 })

/** How long a door may go on accepting after a step. 0 only where every use asks one authority. */
export const propagationMs = z.int().min(0).max(3_600_000).default(0)
/** What outlives the refusal of every new request, and what bounds it: said in every receipt of the store. */
export const survives = z.array(z.string().min(1).max(200)).max(8).default([])
