import type { SenderOf } from '../../../schemas/inbox.ts'
import type { ReportFinding } from '../../../schemas/leaks.ts'
import { readReport } from '../reports/read-report.ts'
import type { Dialect, DialectParts, Said } from './dialect.ts'
import { label } from './json-body.ts'
import { requireToken } from './signatures/checks.ts'

/** A report of TruffleHog, gitleaks or betterleaks, posted as the scanner wrote it, with a bearer token. */
export const report = (config: SenderOf<'report'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  return {
    verify: ({ headers }) => requireToken(secrets, headers.authorization),
    read: ({ body }) => {
      const { format, findings } = readReport(body.toString('utf8'), config.format)
      return findings.map(finding => said(format, finding))
    },
  }
}

const said = (format: string, { detector, where, values }: ReportFinding): Said =>
  values.length === 0
    ? { says: 'nothing', code: 'redacted' }
    : { says: 'leak', id: JSON.stringify([detector, where]), values, source: label(format, detector) }
