import { z } from 'zod'

/** Something of the operator's own that is told: a URL (POST, JSON) or a program (JSON on its standard input). Never a value. */
export const hook = z.union([
  z.strictObject({ url: z.url(), tokenFile: z.string().optional() }),
  z.strictObject({ command: z.array(z.string().min(1)).min(1).max(32) }),
])
export type HookConfig = z.infer<typeof hook>
