import { resolve } from 'node:path'
import { auditSource } from './audit/audit-source.ts'
import { publicKeys } from './audit/keys.ts'
import { newestCheckpoints } from './audit/newest-checkpoints.ts'
import { verifyAudit } from './audit/verify-audit.ts'
import type { AuditCommands } from './cli/io.ts'
import { loadAuditRing } from './runtime/audit-ring.ts'
import { loadConfig } from './runtime/load-config.ts'

/** What `curfew audit` does without the API: an auditor has the files and the public key, and nothing else of ours. */
export const verify: AuditCommands['verify'] = ({ dir, keys, since }) =>
  verifyAudit({ source: auditSource(resolve(dir)), keys, since })

export const newest: AuditCommands['newest'] = newestCheckpoints

export const exportKeys: AuditCommands['publicKeys'] = async configFile => {
  const { audit, keysDir } = loadConfig(configFile)
  return publicKeys(await loadAuditRing(audit?.keysDir ?? keysDir, false))
}
