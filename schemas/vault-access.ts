import { z } from 'zod'

/** Where a Vault is, and as whom we come: of every kind of store that speaks to one. */
export const vaultAccess = {
  /** Origin of the active node, or of a load balancer that sends to it. */
  address: z.url(),
  caFile: z.string().optional(),
  namespace: z.string().optional(),
  auth: z.strictObject({ mount: z.string().default('approle'), roleId: z.string(), secretIdFile: z.string() }),
}
