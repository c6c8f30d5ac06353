import type { ReportFinding } from '../../../schemas/leaks.ts'
import { objectOf } from '../dialects/json-body.ts'
import { placeOf, textsOf } from './finding.ts'
import { gitleaksFinding, isGitleaks } from './gitleaks.ts'
import type { Row } from './rows.ts'

/** betterleaks' JSON list or lines: a `secret`, the named groups of its match, and for a multi-part one its components. */
export const betterleaksFinding = (row: Row): ReportFinding => {
  if (isGitleaks(row)) return gitleaksFinding(row)
  const sets = Array.isArray(row.componentSets) ? row.componentSets.map(objectOf) : []
  const components = sets.flatMap(({ components }) => (Array.isArray(components) ? components.map(objectOf) : []))
  const attributes = objectOf(row.attributes)
  return {
    detector: String(row.ruleID ?? 'unknown'),
    where: placeOf({
      file: attributes.path ?? attributes.url,
      line: objectOf(row.location).startLine,
      commit: attributes['git.sha'],
    }),
    values: textsOf(row.secret, objectOf(row.captureGroups), ...components.flatMap(partsOf)),
  }
}

const partsOf = ({ secret, captureGroups }: Row) => [secret, objectOf(captureGroups)]

export const isBetterleaks = (row: Row): boolean =>
  ('ruleID' in row && 'secret' in row) || (isGitleaks(row) && 'ValidationStatus' in row)
