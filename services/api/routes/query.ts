import { z } from 'zod'

export const limit = z.coerce.number().int().min(1).max(10_000).default(200)
/** A flag of the query: `?x`, `?x=true`, `?x=false`. */
export const flag = z
  .enum(['', 'true', 'false'])
  .transform(value => value !== 'false')
  .default(false)
