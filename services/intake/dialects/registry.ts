import type { SenderConfig, SenderOf } from '../../../schemas/inbox.ts'
import { a2a } from './a2a.ts'
import { claudeAgents } from './claude-agents.ts'
import type { Dialect, DialectParts } from './dialect.ts'
import { gitguardian } from './gitguardian.ts'
import { githubAlert } from './github-alert.ts'
import { githubPartner } from './github-partner.ts'
import { gitlab } from './gitlab.ts'
import { mapped } from './mapped.ts'
import { mcpTasks } from './mcp-tasks.ts'
import { report } from './report.ts'
import { ssf } from './ssf.ts'
import { standardWebhooks } from './standard-webhooks.ts'

type Factories = { [D in SenderConfig['dialect']]: (config: SenderOf<D>, parts: DialectParts) => Dialect }

/** One line per dialect. */
const factories: Factories = {
  'github-partner': githubPartner,
  'github-alert': githubAlert,
  gitlab,
  gitguardian,
  'standard-webhooks': standardWebhooks,
  report,
  a2a,
  'mcp-tasks': mcpTasks,
  'claude-agents': claudeAgents,
  mapped,
  ssf,
}

export const openDialect = (config: SenderConfig, parts: DialectParts): Dialect =>
  (factories[config.dialect] as (config: SenderConfig, parts: DialectParts) => Dialect)(config, parts)
