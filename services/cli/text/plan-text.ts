import type { Plan, PlanDetail, PlanItem, PlanResult } from '../../../schemas/http-plans.ts'
import { duration, moment } from './duration.ts'
import { count, cut, plain, wrap } from './plain.ts'
import { table } from './table.ts'

/** What would die, and what to type next. */
export const planText = (plan: Plan, now: number): string => {
  if (plan.credentials === 0 && plan.ends === 0) return 'PLAN  Nothing that is alive has that name: nothing to apply.'
  const { credentials, grants, sessions, stores } = plan
  const each = stores.map(one => `${one.store} ${one.credentials}`).join(', ')
  const held = `${count(credentials, 'credential')} (${count(grants, 'grant')} of ${count(sessions, 'session')})`
  return [
    wrap(`PLAN  ${held}${each === '' ? '' : `: ${each}`}.`),
    ...remarks(plan).map(line => wrap(line, '      ')),
    ...nextOf(plan, now),
  ].join('\n')
}

const remarks = (plan: Plan): string[] => {
  const { activeLastMinute, shared, ends, impossible, exposedUntil, cap, overCap, approval } = plan
  const until = exposedUntil === undefined ? '' : `: exposed until ${moment(exposedUntil)}`
  const over = approval ? `Approved by ${approval.by}.` : 'A second person must approve it.'
  return [
    ...(activeLastMinute > 0 ? [`${activeLastMinute} of sessions that were active in the last minute.`] : []),
    ...(shared > 0 ? [`${count(shared, 'grant')} of others die along: the credential is shared.`] : []),
    ...(ends > 0 ? [`${count(ends, 'session or task', 'sessions or tasks')} end: what is granted late dies too.`] : []),
    ...(impossible > 0 ? [`${impossible} cannot be revoked${until}.`] : []),
    ...(overCap ? [`Over the cap of ${cap} for one person. ${over}`] : []),
  ]
}

const nextOf = (plan: Plan, now: number): string[] => {
  const valid = `(valid ${duration(plan.expiresAt - now)}; refused if the set grows)`
  const apply = `curfew revoke --apply ${plan.plan}`
  if (!plan.overCap || plan.approval) return [`apply: ${apply}`, `       ${valid}`]
  return [
    `next: curfew approve ${plan.plan}   typed by somebody else`,
    `      ${apply}   then, by you`,
    `      ${apply} --break-glass   alone: it pages`,
    `      ${valid}`,
  ]
}

const words: [PlanResult, string][] = [
  ['dead', 'dead'],
  ['blocked', 'blocked'],
  ['impossible', 'impossible'],
  ['unproven', 'unproven'],
  ['gone', 'gone before seen'],
  ['alive', 'still alive'],
]
const told = ({ counts }: PlanDetail): string[] =>
  words.flatMap(([result, word]) => (counts[result] > 0 ? [`${counts[result]} ${word}`] : []))

/** How many need nothing more from us. */
export const settledOf = ({ counts, plan }: PlanDetail): number => plan.credentials - counts.alive - counts.blocked

const width = 16
/** One line that is written over: 79 columns at most, so that no terminal breaks it. */
export const progressText = (detail: PlanDetail, elapsedMs: number): string => {
  const all = Math.max(1, detail.plan.credentials)
  const settled = settledOf(detail)
  const full = Math.floor((settled / all) * width)
  const rate = settled / Math.max(1, elapsedMs)
  const left = settled === 0 || settled === all ? '' : `  ${duration((all - settled) / rate)} left`
  const bar = `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`
  return cut(`  ${bar}  ${settled}/${all}  ${told(detail).join(', ')}${left}   Ctrl-C is safe`, 79)
}

const mostRows = 40
/** How it ended: what is not dead, each with why, and how to see the proof of the rest. */
export const planEndText = (detail: PlanDetail): string => {
  const { plan, counts, items } = detail
  const open = items.filter(one => one.result !== 'dead')
  const all = counts.dead === plan.credentials
  const shown = open.slice(0, mostRows)
  const id = plan.plan
  return [
    ...(shown.length === 0 ? [] : [itemTable(shown), ...new Set(shown.flatMap(whyText))]),
    ...(open.length > shown.length ? [`and ${open.length - shown.length} more: --json lists all`] : []),
    wrap(`${all ? 'DONE' : 'PARTLY DONE'}  ${told(detail).join(', ') || 'nothing was alive'}.`),
    `proof: curfew receipts --plan ${id}`,
    ...(counts.alive + counts.blocked > 0
      ? [`next: curfew revoke --apply ${id}   goes on waiting; it is applied once`]
      : []),
  ].join('\n')
}

const itemTable = (items: PlanItem[]): string =>
  table<PlanItem>(
    items,
    [
      { title: 'RESULT', of: one => one.result },
      { title: 'STORE', most: 16, of: one => one.store },
      { title: 'KIND', most: 18, of: one => one.kind },
      { title: 'HANDLE', most: 20, of: one => one.handle },
      { title: 'SESSION', of: one => one.session },
    ],
    '  ',
  )

/** The same words of many are said once. */
const whyText = ({ result, store, code, detail, exposedUntil }: PlanItem): string[] => {
  const why = [code, detail].filter(text => text !== undefined).join(': ')
  const until = exposedUntil === undefined ? '' : `; exposed until ${moment(exposedUntil)}`
  return why === '' && until === '' ? [] : [wrap(plain(`${result} at ${store}: ${why}${until}`), '  ')]
}
