import type { AuditProblem, AuditReport } from '../../../schemas/audit.ts'
import { duration, moment } from './duration.ts'
import { count, plain, wrap } from './plain.ts'

type About = { dir: string; since: string | undefined; now: number }

/** The verdict, the first broken place of each partition, and what was not checked. */
export const auditText = (report: AuditReport, about: About): string => {
  const { receipts, partitions, checkpoints, ms } = report
  const sizes = `${count(receipts, 'receipt')} in ${count(partitions, 'partition')}, ${count(checkpoints, 'checkpoint')}`
  const headline = report.verified
    ? `AUDIT VERIFIED  ${sizes}, ${duration(ms)}`
    : `AUDIT BROKEN  ${count(report.problems.length, 'place')} where it does not fit`
  return [
    headline,
    '',
    ...report.problems.slice(0, mostShown).map(problemText),
    ...(report.problems.length > mostShown
      ? [`  and ${report.problems.length - mostShown} more: --json lists them`]
      : []),
    ...(report.verified ? [] : [wrap(`Up to there ${sizes} fit; what lies behind was not looked at.`, '  ')]),
    ...told(report, about).map(line => wrap(line, '  ')),
    ...notChecked(report, about),
    '',
    nextText(report, about),
  ].join('\n')
}

const mostShown = 20

const problemText = ({ partition, file, line, seq, says }: AuditProblem): string => {
  const place = [
    ...(partition === undefined ? [] : [`partition ${partition}`]),
    ...(file === undefined ? [] : [plain(file)]),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(seq === undefined ? [] : [`entry ${seq}`]),
  ]
  return `  ${place.join(', ')}:\n${wrap(says, '    ')}`
}

type Silence = AuditReport['silences'][number]
/** An exporter that is down signs no partition: silences that overlap are told in one line. */
const together = (silences: Silence[]): Silence[][] => {
  const groups: Silence[][] = []
  for (const one of silences.toSorted((a, b) => a.from - b.from)) {
    const group = groups.find(
      known => known.every(({ partition }) => partition !== one.partition) && known.some(({ to }) => one.from < to),
    )
    if (group) group.push(one)
    else groups.push([one])
  }
  return groups
}

const told = (report: AuditReport, { now }: About): string[] => {
  const { from, to, keys, unsigned, unfinished, silences, replaced } = report
  const lines: string[] = []
  if (from !== undefined && to !== undefined)
    lines.push(
      `signed from ${moment(from)} to ${moment(to)} (${duration(Math.max(0, now - to))} ago) by ${keys.join(', ')}`,
    )
  if (replaced.length > 0)
    lines.push(
      `the facts topic was replaced by another one: ${replaced.map(one => `partition ${one.partition} at entry ${one.seq}`).join(', ')}`,
    )
  for (const [first, ...others] of together(silences).slice(0, mostShown)) {
    if (!first) continue
    const all = [first, ...others]
    const from = Math.min(...all.map(one => one.from))
    const to = Math.max(...all.map(one => one.to))
    lines.push(
      `nobody signed partition ${all.map(one => one.partition).join(', ')} from ${moment(from)} to ${moment(to)}: the exporter was down, or the end was cut off`,
    )
  }
  if (unsigned > 0) lines.push(`NOT SIGNED YET: ${count(unsigned, 'receipt')} after the last checkpoint of a partition`)
  if (unfinished.length > 0)
    lines.push(`the last line of partition ${unfinished.join(', ')} is not whole: being written, or cut`)
  return lines
}

const notChecked = ({ endNotChecked, partitions }: AuditReport, { since }: About): string[] => {
  if (endNotChecked.length === 0)
    return ['  The checkpoints that you hold are in these chains: nothing before them was cut off.']
  const where =
    since === undefined || endNotChecked.length === partitions ? '' : ` of partition ${endNotChecked.join(', ')}`
  return [
    wrap(
      `NOT CHECKED: whether the end${where} was cut off, and whether this is another history (a fork, a rollback). That needs the last checkpoints that you hold: --since <file>`,
      '  ',
    ),
  ]
}

const nextText = ({ verified }: AuditReport, { dir }: About): string =>
  verified
    ? `next: curfew audit checkpoint ${plain(dir)} > kept.json\n      and keep that where the operator of Curfew cannot write`
    : 'next: keep these files as they are; docs/audit.md says what each finding means'
