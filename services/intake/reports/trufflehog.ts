import type { ReportFinding } from '../../../schemas/leaks.ts'
import { objectOf } from '../dialects/json-body.ts'
import { placeOf, textsOf } from './finding.ts'
import type { Row } from './rows.ts'

/**
 * TruffleHog's JSON lines. `Raw` is the secret, `RawV2` the parts of a multi-part one together, `SecretParts` each by name.
 * Verified or not: what matches is ours.
 */
export const trufflehogFinding = (row: Row): ReportFinding => {
  const { Raw, RawV2, SecretParts, DetectorName, SourceMetadata } = row
  return {
    detector: String(DetectorName ?? 'unknown'),
    where: placeOf(Object.values(objectOf(objectOf(SourceMetadata).Data)).map(objectOf)[0] ?? {}),
    values: textsOf(Raw, RawV2, objectOf(SecretParts), ...restOf(Raw, RawV2)),
  }
}

/** Many detectors join the parts without anything between them. */
const restOf = (raw: unknown, both: unknown): string[] => {
  if (typeof raw !== 'string' || typeof both !== 'string' || raw === '' || raw === both) return []
  if (both.startsWith(raw)) return [both.slice(raw.length).replace(/^[:|,;]/, '')]
  return both.endsWith(raw) ? [both.slice(0, -raw.length).replace(/[:|,;]$/, '')] : []
}

export const isTrufflehog = (row: Row): boolean => 'DetectorName' in row && ('Raw' in row || 'SourceMetadata' in row)
