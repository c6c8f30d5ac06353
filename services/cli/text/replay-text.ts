import type { DeadLetterEntry, DeadLetterList, ReplayPlan } from '../../../schemas/http-replay.ts'
import { fromNow, moment } from './duration.ts'
import { count, plain, wrap } from './plain.ts'
import { table } from './table.ts'

const stateOf = ({ resolved, gone }: DeadLetterEntry) => (resolved ? 'resolved' : gone ? 'GONE' : 'open')

export const lettersText = ({ letters, open, complete }: DeadLetterList, now: number): string => {
  const total = Object.values(open).reduce((sum, n) => sum + n, 0)
  const reasons = Object.entries(open).sort(([, a], [, b]) => b - a)
  const headline =
    total === 0
      ? 'No open dead letters.'
      : `${count(total, 'open dead letter')}: ${reasons.map(([reason, n]) => `${reason} ${n}`).join(', ')}`
  if (letters.length === 0) return headline
  return [
    wrap(headline),
    '',
    table<DeadLetterEntry>(letters, [
      { title: 'WHEN', of: one => fromNow(one.receivedAt, now) },
      { title: 'STATE', of: stateOf },
      { title: 'REASON', most: 18, of: one => one.reason },
      { title: 'PRINCIPAL', most: 16, of: one => one.principal },
      { title: 'LETTER (topic/partition/offset)', whole: true, of: one => one.id },
    ]),
    ...(complete ? [] : ['There is more: --limit shows it.']),
    ...(letters.some(one => one.gone)
      ? [wrap('GONE: retention has removed the record; only its sender can send it again.')]
      : []),
    ...(total === 0
      ? []
      : [
          '',
          'next: curfew dlq show <letter>    why, and what can be done',
          '      curfew replay --dead-letters   what taking them in now would change',
        ]),
  ].join('\n')
}

export const letterText = (letter: DeadLetterEntry): string => {
  const { id, reason, detail, topic, principal, receivedAt, payloadSha256, resolved, gone } = letter
  const fate = resolved
    ? `resolved ${moment(resolved.at)} by ${plain(resolved.by)}: ${count(resolved.facts, 'fact')}`
    : gone
      ? 'GONE: retention has removed the record; only its sender can send it again'
      : 'open: its record is still there'
  return [
    `letter    ${id}`,
    `state     ${fate}`,
    wrap(`reason    ${reason}: ${detail}`),
    `from      ${plain(topic)}, as principal ${plain(principal)}`,
    `received  ${moment(receivedAt)}`,
    `payload   sha256 ${payloadSha256}`,
    wrap('(A payload may hold a secret, so it is never kept or shown here.)'),
    ...(resolved || gone ? [] : ['', `next: curfew replay --letter ${id}`]),
  ].join('\n')
}

/** By reason: a bad release sends the same a thousand times. */
const refusedText = (refusals: ReplayPlan['refusals']): string[] =>
  [...Map.groupBy(refusals, ({ code, detail }) => `${code}: ${detail}`)].slice(0, 10).map(([why, all]) => {
    const first = all[0]?.id ?? ''
    return wrap(`refused ${all.length === 1 ? first : `${all.length}, such as ${first}`}: ${why}`, '      ')
  })

export const planText = (plan: ReplayPlan, command: string): string => {
  const { facts, records, refused, refusals, gone, resolves } = plan
  const kinds = Object.entries(facts.newByKind).map(([kind, n]) => `${kind} ${n}`)
  const nothing = facts.new === 0 && resolves === 0
  return [
    wrap(
      `PLAN  ${count(records, 'record')}: ${count(facts.new, 'fact')} new, ${facts.known.toLocaleString('en-US')} known: no effect, ${refused} still refused${gone === 0 ? '' : `, ${gone} gone`}.`,
    ),
    ...(kinds.length === 0 ? [] : [wrap(`new: ${kinds.join(', ')}`, '      ')]),
    ...(resolves === 0 ? [] : [wrap(`resolves ${count(resolves, 'dead letter')}`, '      ')]),
    ...refusedText(refusals),
    ...(gone === 0
      ? []
      : [wrap('gone: retention has removed them; only their senders can send them again.', '      ')]),
    nothing ? 'Nothing would change.' : `apply: ${command}   (valid until ${moment(plan.expiresAt).slice(11)})`,
  ].join('\n')
}

const width = 16
export const barText = ({ done, records, appended }: ReplayPlan): string => {
  const full = records === 0 ? width : Math.floor((done / records) * width)
  return `  [${'#'.repeat(full)}${'-'.repeat(width - full)}]  ${done}/${records}  ${count(appended, 'fact')} appended   Ctrl-C is safe`
}

export const endText = (plan: ReplayPlan): string => {
  const { state, appended, refused, gone, resolves, problem } = plan
  const again = `curfew replay --apply ${plan.plan}`
  if (state === 'failed') return `NOT DONE  ${problem ?? 'it broke off'}.\nnext: ${again}   goes on where it stood`
  if (state !== 'done') return `NOT YET  it goes on without this command.\nnext: ${again}   shows how far it is`
  const rest = [refused === 0 ? '' : `${refused} still refused`, gone === 0 ? '' : `${gone} gone`].filter(
    one => one !== '',
  )
  const resolved = resolves === 0 ? '' : `, ${count(resolves, 'dead letter')} resolved`
  return `${rest.length === 0 ? 'DONE' : 'PARTLY DONE'}  ${[`${count(appended, 'fact')} appended${resolved}`, ...rest].join(', ')}\nnext: curfew status`
}
