import { styleText } from 'node:util'
import { type Ending, isAlivePastDue } from './ending-of.ts'
import { percentiles } from './percentiles.ts'
import { type Row, rowOf, timeOfDay } from './row.ts'

export type Totals = { dead: number; impossible: number; wrong: number; lagsMs: number[] }
export type Screen = { columns: number; rows: number; colour: boolean }
export type TableInput = { endings: Ending[]; totals: Totals; now: number; boundMs: number; footer: string }

const widths = { credential: 17, store: 11, cause: 13, lag: 9 }
const heading: Row = { credential: 'CREDENTIAL', store: 'STORE', cause: 'CAUSE', lag: 'DUE->DEAD', proof: 'PROOF' }

/** The whole screen, newest session first. Every state is a word: colour only repeats it. */
export const renderTable = (input: TableInput, screen: Screen): string[] => {
  const room = Math.max(1, screen.rows - 6)
  const rows = input.endings.toReversed().slice(0, room)
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    screen.colour ? styleText(format, text, { validateStream: false }) : text
  return [
    paint('bold', cut(standing(input), screen.columns)),
    cut(tally(input.totals), screen.columns),
    '',
    paint('dim', formatRow(heading, screen.columns)),
    ...rows.map(one => paint(colourOf(one, input.now), formatRow(rowOf(one, input.now), screen.columns))),
    '',
    paint('dim', cut(input.footer, screen.columns)),
  ]
}

export const formatRow = ({ credential, store, cause, lag, proof }: Row, columns: number): string => {
  const gap = columns >= 92 ? '  ' : ' '
  const cells = [
    elideMiddle(credential, widths.credential).padEnd(widths.credential),
    cut(store, widths.store).padEnd(widths.store),
    cut(cause, widths.cause).padEnd(widths.cause),
    lag.padStart(widths.lag),
  ]
  const start = cells.join(gap) + gap
  return (start + elideMiddle(proof, columns - start.length)).trimEnd()
}

/** For output that is not a terminal: one line for each credential, when it ended. */
export const formatLine = (ending: Ending, now: number): string =>
  `${timeOfDay(now)} ${formatRow(rowOf(ending, now), 110)}`

/** First question of somebody on call: is anything alive that should be dead? */
export const standing = ({ endings, totals, now, boundMs }: Omit<TableInput, 'footer'>): string => {
  const ages = endings.filter(one => isAlivePastDue(one, now)).map(one => now - (one.holding.dueAt ?? now))
  const oldestMs = Math.max(0, ...ages)
  const word = totals.wrong === 0 && oldestMs <= boundMs ? 'WELL' : 'NOT WELL'
  const wrong = totals.wrong > 0 ? `, ${totals.wrong} did not end as expected` : ''
  return `${word}  ${ages.length} alive past due${ages.length > 0 ? `, oldest ${seconds(oldestMs)}` : ''}${wrong}`
}

/** And the next one: what happened to the others, and how fast. */
export const tally = ({ dead, impossible, lagsMs }: Totals): string => {
  const lag = percentiles(lagsMs)
  const times = lag ? `, due -> dead p50 ${lag.p50} ms, p99 ${lag.p99} ms, max ${lag.max} ms` : ''
  return `${dead} dead${times}${impossible > 0 ? `   ${impossible} impossible` : ''}`
}

const seconds = (ms: number) => (ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`)
const cut = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`)

/** A call begins with its verb and ends with its answer: what lies between is cut first. */
const elideMiddle = (text: string, width: number): string => {
  if (text.length <= width) return text
  const head = Math.max(0, Math.ceil((width - 1) / 2))
  return `${text.slice(0, head)}…${text.slice(text.length - Math.max(0, width - 1 - head))}`
}

const colourOf = (ending: Ending, now: number): Parameters<typeof styleText>[0] => {
  if (ending.state === 'unexpected' || ending.state === 'lie') return ['red', 'bold']
  if (ending.state === 'impossible') return 'magenta'
  if (ending.state === 'dead' || ending.state === 'refused') return 'none'
  return isAlivePastDue(ending, now) ? 'yellow' : 'green'
}
