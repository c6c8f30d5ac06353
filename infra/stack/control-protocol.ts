import { z } from 'zod'
import { componentNames } from './addresses.ts'

/** One JSON line each way over the socket in the stack's folder. */
export const controlRequest = z.union([
  z.object({
    id: z.number(),
    verb: z.enum(['kill', 'stop', 'start', 'pause', 'resume', 'ready']),
    component: z.enum(componentNames),
  }),
  z.object({ id: z.number(), verb: z.enum(['pids', 'close']), component: z.undefined().optional() }),
])
export type ControlRequest = z.infer<typeof controlRequest>
export type ComponentVerb = 'kill' | 'stop' | 'start' | 'pause' | 'resume' | 'ready'

export type ControlAnswer = { id: number; pids?: Record<string, number>; error?: string }

/** What the supervisor tells whoever started it, over the pipe whose end is also its own end. */
export type SupervisorMessage =
  | { kind: 'progress'; line: string }
  | { kind: 'ready' }
  | { kind: 'failed'; message: string; exitCode: number }
