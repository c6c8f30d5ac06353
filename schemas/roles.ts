import { z } from 'zod'

/**
 * What a person may do: look; also replay what was missed; also revoke, rotate and plan; also be the second person of a plan
 * that is over the cap.
 */
export const role = z.enum(['viewer', 'replayer', 'revoker', 'approver'])
export type Role = z.infer<typeof role>
