import type { ReportFormat } from '../../../schemas/inbox.ts'
import type { Report, ReportFinding } from '../../../schemas/leaks.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import { betterleaksFinding, isBetterleaks } from './betterleaks.ts'
import { gitleaksFinding, isGitleaks } from './gitleaks.ts'
import { type Row, rowsOf } from './rows.ts'
import { isTrufflehog, trufflehogFinding } from './trufflehog.ts'

type Format = Report['format']
const formats: Record<Format, { is(row: Row): boolean; finding(row: Row): ReportFinding }> = {
  trufflehog: { is: isTrufflehog, finding: trufflehogFinding },
  // Before gitleaks: it writes all that gitleaks writes, and more.
  betterleaks: { is: isBetterleaks, finding: betterleaksFinding },
  gitleaks: { is: isGitleaks, finding: gitleaksFinding },
}

/** A scanner's report. Throws RejectedEvent, which quotes nothing, for what is no report of that format. */
export const readReport = (text: string, wanted: ReportFormat = 'auto'): Report => {
  const { rows, unreadable } = rowsOf(text)
  const format = wanted === 'auto' ? formatOf(rows, unreadable) : wanted
  const { is, finding } = formats[format]
  const readable = rows.filter(row => is(row) || (format === 'betterleaks' && isGitleaks(row)))
  const rest = rows.length - readable.length + unreadable
  if (readable.length === 0 && rest > 0)
    throw new RejectedEvent('unknown_format', `the report has nothing that ${format} writes`)
  return { format, findings: readable.map(row => hiding(finding(row))), unreadable: rest }
}

const formatOf = (rows: Row[], unreadable: number): Format => {
  const found = (Object.keys(formats) as Format[]).find(name => rows.some(formats[name].is))
  if (found) return found
  // An empty list is what gitleaks and betterleaks write for a clean repository.
  if (rows.length + unreadable === 0) return 'gitleaks'
  throw new RejectedEvent('unknown_format', 'the report is of no known format: trufflehog, gitleaks, betterleaks')
}

/** Where it was found is shown: a path or a rule that has the value in it is not. */
const hiding = ({ detector, where, values }: ReportFinding): ReportFinding => {
  const shown = (text: string) => (values.some(value => text.includes(value)) ? 'hidden' : text.slice(0, 200))
  return { detector: shown(detector), where: shown(where), values }
}
