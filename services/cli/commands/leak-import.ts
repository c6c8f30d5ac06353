import { createHash } from 'node:crypto'
import type { ReportFormat } from '../../../schemas/inbox.ts'
import type { LeaksAnswer, LeaksRequest, Report, ReportFinding } from '../../../schemas/leaks.ts'
import { type CallApi, callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { sealer } from '../seal.ts'
import { type Judged, leakText } from '../text/leak-text.ts'

export type LeakImportOptions = { report: string; format: ReportFormat; dryRun?: boolean; json?: boolean }

/** Reads a scanner's report here, seals each value and sends it. No value is printed, and none leaves this process in clear. */
export const leakImportCommand = async (io: Io, options: LeakImportOptions): Promise<number> => {
  const dryRun = options.dryRun === true
  const report = await readReport(io, options)
  const told = report.findings.filter(finding => finding.values.length > 0)
  const api = callApi(io)
  const matches = told.length === 0 ? new Map() : await send(io, api, report.format, told, { ...options, dryRun })
  const judged: Judged[] = report.findings.map(finding => judge(finding, matches))
  if (options.json) io.out(JSON.stringify(asJson(report, judged, dryRun), undefined, 2))
  else io.out(leakText(report, judged, dryRun))
  const living = judged.some(({ matched }) => (matched?.alive ?? 0) > 0)
  if (dryRun && living) return exitCodes.notWell
  return judged.some(({ result }) => result === 'redacted') ? exitCodes.partly : exitCodes.done
}

const readReport = async (io: Io, { report, format }: LeakImportOptions): Promise<Report> => {
  const text = report === '-' ? await io.readStdin() : fileText(io, report)
  if (text === undefined)
    throw new CliFailure(
      exitCodes.usage,
      'no_report',
      'Nothing is piped in.\nnext: trufflehog git file://. --json | curfew leak import -',
    )
  try {
    return await io.readReport(text, format)
  } catch (error) {
    const { code = 'unknown_format', message } = error as { code?: string; message: string }
    throw new CliFailure(
      exitCodes.usage,
      code,
      `Cannot read ${report}: ${message}.
Nothing was sent.
next: curfew leak import ${report} --format trufflehog|gitleaks|betterleaks
      (write it with: trufflehog --json, gitleaks --report-format json)`,
    )
  }
}

const fileText = (io: Io, file: string): string => {
  try {
    return io.readFile(file)
  } catch (error) {
    const { code = 'unreadable' } = error as { code?: string }
    throw new CliFailure(exitCodes.usage, 'no_report', `Cannot read ${file} (${code}).\nnext: curfew help leak`)
  }
}

/** One secret stands in many places of a report: it is sent once, under the first. */
const keyOf = ({ values }: ReportFinding) => JSON.stringify(values)
/** Below the API's 256 KiB. */
const mostBytes = 180_000
const mostFindings = 100

const send = async (
  io: Io,
  api: CallApi,
  format: string,
  told: ReportFinding[],
  { dryRun, json }: { dryRun: boolean; json?: boolean },
): Promise<Map<string, Judged['matched']>> => {
  const seal = await sealer(api)
  const each = [...new Map(told.map(finding => [keyOf(finding), finding])).values()]
  const matches = new Map<string, Judged['matched']>()
  let batch: LeaksRequest['findings'] = []
  let keys: string[] = []
  let bytes = 0
  const flush = async () => {
    if (batch.length === 0) return
    const answer = await api<LeaksAnswer>('POST', '/v1/leaks', { dryRun, findings: batch } satisfies LeaksRequest)
    for (const [i, key] of keys.entries()) matches.set(key, answer.findings[i]?.matched)
    if (io.liveScreen && !json) io.err(`${matches.size} of ${each.length} values ${dryRun ? 'asked' : 'told'}`)
    ;[batch, keys, bytes] = [[], [], 0]
  }
  for (const finding of each) {
    const sealed = await Promise.all(finding.values.slice(0, 64).map(seal))
    const size = sealed.reduce((sum, one) => sum + one.length + 8, 600)
    if (bytes + size > mostBytes || batch.length >= mostFindings) await flush()
    batch.push({ id: idOf(format, finding), source: `${format}:${finding.detector}`.slice(0, 256), sealed })
    keys.push(keyOf(finding))
    bytes += size
  }
  await flush()
  return matches
}

/** Where it was found, never what: an id must not give the value away. Imported again it is the same statement. */
const idOf = (format: string, { detector, where }: ReportFinding) =>
  createHash('sha256')
    .update(JSON.stringify([format, detector, where]))
    .digest('hex')
    .slice(0, 32)

const judge = (finding: ReportFinding, matches: ReadonlyMap<string, Judged['matched']>): Judged => {
  const { detector, where, values } = finding
  if (values.length === 0) return { detector, where, result: 'redacted' }
  const matched = matches.get(keyOf(finding))
  if (!matched) return { detector, where, result: 'unknown' }
  return { detector, where, result: matched.alive + matched.dead > 0 ? 'matched' : 'no_match', matched }
}

const asJson = ({ format, unreadable }: Report, findings: Judged[], dryRun: boolean) => ({
  format,
  dryRun,
  unreadable,
  findings,
})
