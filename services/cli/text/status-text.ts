import type { Status, StoreStatus } from '../../../schemas/status.ts'
import { duration } from './duration.ts'
import { columns, count, plain, wrap } from './plain.ts'
import { table } from './table.ts'

/** The five questions in their order, readable without colour in 80 columns. Well is one line, and one for each slow store. */
export const statusText = (status: Status): string => {
  if (status.verdict === 'well') return wellLine(status)
  const headline =
    status.verdict === 'not_well' ? `NOT WELL  ${alive(status)}` : `CANNOT TELL  ${status.reasons[0] ?? ''}`
  return [
    beside(plain(headline), canaryText(status)),
    '',
    ...storeLines(status),
    ...status.stores.flatMap(blockedLine),
    ...status.stores.flatMap(one => finishLine(one, status.now)),
    '',
    ...status.reasons.map(reason => wrap(`- ${reason}`, '  ')),
    ...canariesLine(status),
    '',
    wrap(lastHourText(status), '  '),
    '',
    nextText(status),
  ].join('\n')
}

const wellLine = (status: Status): string => {
  const { lastHour, alivePastDue } = status
  const dying = alivePastDue === 0 ? '0 alive past due' : `${count(alivePastDue, 'credential')} dying, inside the bound`
  const p99 = lastHour.lagMs ? `, p99 ${duration(lastHour.lagMs.p99)}` : ''
  const missed = status.deadLetters === 0 ? [] : [`  ${count(status.deadLetters, 'dead letter')} open: curfew dlq`]
  const slow = [...status.stores.flatMap(one => finishLine(one, status.now)), ...missed].map(line => `\n${line}`)
  return `WELL  ${dying}  ${canaryText(status)}  ${lastHour.died.toLocaleString('en-US')} died in the last hour${p99}${slow.join('')}`
}

const alive = ({ alivePastDue, oldestPastDueMs, complete }: Status): string => {
  if (alivePastDue === 0) return '0 alive past due'
  const number = `${complete ? '' : 'more than '}${count(alivePastDue, 'credential')}`
  return `${number} alive past due, oldest ${duration(oldestPastDueMs ?? 0)}`
}

/** The oldest of all of them: one that never died is older than any. */
const canaryText = ({ canary, canaries }: Status): string => {
  if (!canary.configured) return 'no canary'
  if (canary.ageMs !== undefined) return `canary ${duration(canary.ageMs)} ago`
  const never = canaries.filter(one => one.ageMs === undefined)
  const [first] = never
  if (!first || never.length === canaries.length) return 'canary: none died yet'
  return `canary of ${first.store}${never.length > 1 ? ` and ${never.length - 1} more` : ''}: none died yet`
}

/** Where something is wrong it matters which of them still die. One alone is in the headline. */
const canariesLine = ({ canaries }: Status): string[] => {
  const said = canaries.map(({ store, kind, ageMs }) =>
    ageMs === undefined ? `${store} (${kind}) none died yet` : `${store} (${kind}) ${duration(ageMs)} ago`,
  )
  return said.length < 2 ? [] : [wrap(`canaries died: ${said.join(', ')}`, '  ')]
}

const beside = (left: string, right: string): string => {
  const gap = columns - left.length - right.length
  return gap >= 2 ? left + ' '.repeat(gap) + right : `${left}\n${right}`
}

/** Where nothing is alive, held or blocked, there is nothing to see. */
const isQuiet = (one: StoreStatus) => one.outstanding + one.alivePastDue + one.held === 0 && !one.blocked
const storeLines = ({ stores, now }: Status): string[] => {
  const busy = stores.filter(one => !isQuiet(one))
  const quiet = stores.length - busy.length
  const rest = busy.length === 0 ? 'nothing is alive anywhere' : `nothing is alive at ${count(quiet, 'other store')}`
  return [...(busy.length === 0 ? [] : [storeTable(busy, now)]), ...(quiet === 0 ? [] : [`  ${rest}`])]
}

const storeTable = (stores: StoreStatus[], now: number): string =>
  table<StoreStatus>(
    stores,
    [
      { title: 'STORE', most: 22, of: one => one.store },
      { title: 'ALIVE PAST DUE', right: true, of: one => String(one.alivePastDue) },
      { title: 'OLDEST', of: one => (one.oldestPastDueMs === undefined ? '-' : duration(one.oldestPastDueMs)) },
      { title: 'BLOCKED FOR', of: one => (one.blocked ? duration(now - one.blocked.since) : '-') },
      { title: 'HELD', right: true, of: one => String(one.held) },
      { title: 'OUTSTANDING', right: true, of: one => String(one.outstanding) },
    ],
    '  ',
  )

const blockedLine = ({ store, blocked }: StoreStatus): string[] =>
  blocked ? [wrap(`why ${store} is blocked: ${blocked.code}: ${blocked.detail}`, '  ')] : []

/** A slow budget's finish, from the start. */
const finishLine = ({ store, alivePastDue, expectedFinishAt }: StoreStatus, now: number): string[] => {
  if (expectedFinishAt === undefined) return []
  const rest = duration(Math.max(0, expectedFinishAt - now))
  return [wrap(`${store}: ${count(alivePastDue, 'credential')}, done in ${rest} at best, as its budget allows`, '  ')]
}

const lastHourText = ({ lastHour, held, deadLetters }: Status): string => {
  const { lagMs: lag, complete } = lastHour
  const lags = lag ? `, lag p50 ${duration(lag.p50)}, p99 ${duration(lag.p99)}, max ${duration(lag.max)}` : ''
  const open = [`${lastHour.impossible} impossible`, `${lastHour.unproven} unproven`, `${held} held`]
  const letters = count(deadLetters, 'dead letter')
  const unread = complete ? '' : ' (still reading: at least)'
  return `last hour${unread}: ${lastHour.died.toLocaleString('en-US')} died${lags}. ${[...open, letters].join(', ')}`
}

const nextText = ({ alivePastDue, held, canary, stores, deadLetters }: Status): string => {
  const rows: [string, string][] = []
  const blocked = stores.find(one => one.blocked)
  if (blocked) rows.push([`curfew doctor ${blocked.store}`, 'which right or setting is missing there'])
  if (alivePastDue > 0) rows.push(['curfew grants --alive-past-due', 'lists them, each with its reason'])
  if (held > 0) rows.push(['curfew held', 'what waits for a person'])
  if (deadLetters > 0) rows.push(['curfew dlq', 'what could not be taken in, and why'])
  if (!canary.configured) rows.push(['set `canary` in the config', 'and health becomes known'])
  rows.push(['curfew watch', 'shows this, live'])
  const width = Math.max(...rows.map(([command]) => command.length))
  return rows.map(([what, why], i) => `  ${i === 0 ? 'next: ' : '      '}${what.padEnd(width)}   ${why}`).join('\n')
}
