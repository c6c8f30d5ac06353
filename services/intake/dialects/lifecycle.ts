import type { LifecycleDialect } from '../../../schemas/dialects-lifecycle.ts'
import { a2a } from './a2a.ts'
import { claudeAgents } from './claude-agents.ts'
import type { Dialect } from './dialect.ts'
import { mapped } from './mapped.ts'
import { mcpTasks } from './mcp-tasks.ts'

/** The dialects of those who tell what starts, pauses and ends. Throws where a secret or a mapping cannot be read. */
export const lifecycle = (config: LifecycleDialect): Dialect => {
  switch (config.dialect) {
    case 'a2a':
      return a2a(config)
    case 'mcp-tasks':
      return mcpTasks(config)
    case 'claude-agents':
      return claudeAgents(config)
    case 'mapped':
      return mapped(config)
  }
}
