import { z } from 'zod'

/** Where a database's logins are used: the primary. TLS, verified; in clear only inside this machine. */
export const postgresPlace = {
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5_432),
  database: z.string().min(1),
  caFile: z.string().optional(),
}
