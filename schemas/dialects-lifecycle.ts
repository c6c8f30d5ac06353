import { z } from 'zod'
import { headerName, webhookAuthentications } from './webhook-authentication.ts'

const authentication = webhookAuthentications
/** Every sign of life announces its session. `false`: somebody else does, with limits of its own (`idleMs`, `maxLifeMs`). */
const announces = z.boolean().default(true)

/** Push notifications of A2A v1.0 and v0.3. */
export const a2aDialect = z.strictObject({
  dialect: z.literal('a2a'),
  authentication,
  /** What a session of ours is: the conversation (its tasks end one by one), or each task by itself. */
  sessionIs: z.enum(['contextId', 'taskId']).default('contextId'),
  announces,
})

/** Task states of MCP 2025-11-25 and 2026-07-28, as a host forwards them. */
export const mcpTasksDialect = z.strictObject({
  dialect: z.literal('mcp-tasks'),
  authentication,
  /** MCP's task states name no session: the host says it in a header, or under this name in `_meta`. */
  session: z
    .union([z.strictObject({ header: headerName }), z.strictObject({ meta: z.string().min(1).max(256) })])
    .default({ header: 'mcp-session-id' }),
  announces,
})

/** Webhooks of Claude Managed Agents. */
export const claudeAgentsDialect = z.strictObject({ dialect: z.literal('claude-agents'), authentication, announces })

/** Any orchestrator that a mapping describes. What it ends is inferred: under the cap. */
export const mappedDialect = z.strictObject({
  dialect: z.literal('mapped'),
  authentication,
  /** A mapping that comes with Curfew, or a file of your own. */
  mapping: z.union(
    [z.strictObject({ preset: z.string().min(1) }), z.strictObject({ presetFile: z.string().min(1) })],
    'one of {preset: name}, {presetFile: path}',
  ),
})

export type A2aConfig = z.infer<typeof a2aDialect>
export type McpTasksConfig = z.infer<typeof mcpTasksDialect>
export type ClaudeAgentsConfig = z.infer<typeof claudeAgentsDialect>
export type MappedConfig = z.infer<typeof mappedDialect>
