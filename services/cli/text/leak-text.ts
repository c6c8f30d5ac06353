import type { LeakMatch, Report } from '../../../schemas/leaks.ts'
import { count, wrap } from './plain.ts'
import { table } from './table.ts'

/** `unknown`: recorded, and the state could not be read. */
export type Judged = {
  detector: string
  where: string
  result: 'matched' | 'no_match' | 'redacted' | 'unknown'
  matched?: LeakMatch | undefined
}

/** What each finding of a report met, the matches first. */
export const leakText = (report: Report, judged: Judged[], dryRun: boolean): string => {
  const order: Judged['result'][] = ['matched', 'unknown', 'redacted', 'no_match']
  const rows = [...judged].sort((a, b) => order.indexOf(a.result) - order.indexOf(b.result))
  const shown = rows.slice(0, mostRows)
  const cells = [
    { title: 'RESULT', of: resultText },
    { title: 'DETECTOR', most: 24, of: (one: Judged) => one.detector },
    { title: 'WHERE', of: (one: Judged) => one.where || '-' },
  ]
  const rest = rows.length - shown.length
  return [
    headline(judged, dryRun),
    ...(shown.length === 0 ? [] : ['', table(shown, cells, '  ')]),
    ...(rest > 0 ? [`  and ${count(rest, 'more', 'more')}: --json lists all`] : []),
    ...(report.unreadable === 0
      ? []
      : [
          '',
          wrap(`${count(report.unreadable, 'entry', 'entries')} of the report could not be read as ${report.format}.`),
        ]),
    ...advice(judged, dryRun),
  ].join('\n')
}

const mostRows = 50

const resultText = ({ result, matched }: Judged): string => {
  if (result === 'no_match') return 'no match'
  if (!matched) return result
  const dead = matched.dead === 0 ? '' : `, ${matched.dead} dead already`
  return `matched ${count(matched.alive + matched.dead, 'grant')}${dead}`
}

const by = (judged: Judged[], result: Judged['result']) => judged.filter(one => one.result === result).length

const headline = (judged: Judged[], dryRun: boolean): string => {
  if (judged.length === 0) return 'The report has no findings.'
  const parts = [`${by(judged, 'matched')} matched`, `${by(judged, 'no_match')} no match`]
  for (const result of ['redacted', 'unknown'] as const)
    if (by(judged, result) > 0) parts.push(`${by(judged, result)} ${result}`)
  return wrap(`${dryRun ? 'ASKED' : 'TAKEN'}  ${count(judged.length, 'finding')}: ${parts.join(', ')}.`)
}

const advice = (judged: Judged[], dryRun: boolean): string[] => {
  const lines: string[] = []
  const say = (text: string) => lines.push('', wrap(text))
  if (by(judged, 'redacted') > 0)
    say('A redacted finding cannot be matched: scan again without --redact, on a machine that may see the values.')
  if (by(judged, 'unknown') > 0) say('The state could not be read at this moment: what is recorded acts all the same.')
  if (!dryRun && by(judged, 'no_match') > 0)
    say('What has no match is remembered: a credential that is granted with it later dies at once.')
  const alive = judged.some(({ matched }) => (matched?.alive ?? 0) > 0)
  if (alive && dryRun) lines.push('next: curfew leak import <report>          revokes what matched')
  if (alive && !dryRun) lines.push('next: curfew receipts --since-minutes 5   shows the deaths')
  return lines
}
