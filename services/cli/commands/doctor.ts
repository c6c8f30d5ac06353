import type { DoctorLine, DoctorReport } from '../../../schemas/http-doctor.ts'
import { callApi } from '../call-api.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { count, wrap } from '../text/plain.ts'
import { query } from './lists.ts'

/** Each right that revoking needs. Exit 1 where one is missing, 2 where something cannot be told. */
export const doctorCommand = async (
  io: Io,
  { store, json }: { store?: string | undefined; json?: boolean },
): Promise<number> => {
  const report = await callApi(io)<DoctorReport>('GET', `/v1/doctor?${query({ store })}`)
  io.out(json ? JSON.stringify(report, undefined, 2) : doctorText(report))
  const any = (state: DoctorLine['state']) => report.lines.some(one => one.state === state)
  return any('missing') ? exitCodes.notWell : any('cannot_tell') ? exitCodes.cannotTell : exitCodes.done
}

const words = { ok: 'ok         ', missing: 'MISSING    ', cannot_tell: 'cannot tell' }

const doctorText = ({ lines }: DoctorReport): string => {
  const by = (state: DoctorLine['state']) => lines.filter(one => one.state === state).length
  const parts = [...Map.groupBy(lines, one => one.about)].flatMap(([about, mine]) => ['', about, ...mine.map(lineText)])
  const next =
    by('missing') === 0
      ? 'curfew store test <id>   proves what only an act can'
      : 'curfew doctor   again, once they are there'
  return [
    ...parts.slice(1),
    '',
    `${by('ok')} ok, ${count(by('missing'), 'missing', 'missing')}, ${by('cannot_tell')} cannot be told`,
    `next: ${next}`,
  ].join('\n')
}

/** A line to copy stays whole. */
const lineText = ({ state, check, says, grant }: DoctorLine): string =>
  [
    `  ${words[state]}  ${check}`,
    wrap(says, ' '.repeat(15)),
    ...(grant === undefined || state === 'ok' ? [] : [`${' '.repeat(8)}add: ${grant}`]),
  ].join('\n')
