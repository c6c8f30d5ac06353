import type { ReportFinding } from '../../../schemas/leaks.ts'
import { placeOf, textsOf } from './finding.ts'
import type { Row } from './rows.ts'

/** gitleaks' JSON list, which betterleaks writes as well (`--legacy`): `Secret` is the secret, `Match` the text around it. */
export const gitleaksFinding = (row: Row): ReportFinding => ({
  detector: String(row.RuleID ?? 'unknown'),
  where: placeOf({ file: row.File, line: row.StartLine, commit: row.Commit }),
  values: textsOf(row.Secret),
})

export const isGitleaks = (row: Row): boolean => 'RuleID' in row && 'Secret' in row
