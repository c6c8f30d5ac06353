import type { Status } from '../../schemas/status.ts'
import { byId, el, keepList, setText, show } from './dom.ts'
import { duration, number } from './format.ts'
import type { Freshness } from './freshness.ts'
import { canaryText, headlineOf, titleOf } from './headline.ts'

/** Questions one and two, in large type: what is alive past due, and does Curfew itself work. */
export const showHeadline = (status: Status | undefined, fresh: Freshness, now: number): void => {
  const box = byId('verdict')
  const stale = byId('stale')
  document.body.classList.toggle('stale', !fresh.live)
  show(stale, !fresh.live && status !== undefined)
  setText(byId('stale-text'), fresh.text)
  const dot = byId('live')
  dot.dataset.live = String(fresh.live)
  setText(dot, fresh.live ? 'live' : 'not live')
  if (!status) {
    box.dataset.tone = 'unknown'
    setText(byId('word'), 'CONNECTING')
    setText(byId('sentence'), fresh.text)
    document.title = 'Curfew'
    return
  }
  const { tone, word, sentence, reasons } = headlineOf(status)
  box.dataset.tone = fresh.live ? tone : 'unknown'
  setText(byId('word'), fresh.live ? word : 'NOT LIVE')
  setText(byId('sentence'), fresh.live ? sentence : `Last known: ${sentence}`)
  setText(byId('canary-age'), canaryText(status, now))
  keepList(
    byId('reasons'),
    reasons,
    reason => reason,
    reason => el('li', { text: reason }),
  )
  document.title = titleOf(status, fresh.live)
}

type Figure = { label: string; value: string; hint?: string; tone?: 'bad' | 'warn' }

/** The figures under the sentence: the last hour, and what is still out there. */
export const showFigures = (status: Status): void => {
  const { lastHour, nextWithin, held, deadLetters, outstanding, overBound } = status
  const lag = lastHour.lagMs
  const atLeast = lastHour.complete ? '' : '≥ '
  const figures: Figure[] = [
    { label: 'over the bound', value: number(overBound), ...(overBound > 0 ? { tone: 'bad' as const } : {}) },
    { label: 'held for a person', value: number(held), ...(held > 0 ? { tone: 'bad' as const } : {}) },
    { label: 'outstanding', value: number(outstanding), hint: 'credentials without an outcome yet' },
    { label: 'due in 5 min', value: number(nextWithin.minutes5) },
    { label: 'due in 24 h', value: number(nextWithin.hours24) },
    { label: 'died, last hour', value: `${atLeast}${number(lastHour.died)}` },
    { label: 'lag p50', value: lag ? duration(lag.p50) : '–', hint: 'last hour, due to first refusal' },
    { label: 'lag p99', value: lag ? duration(lag.p99) : '–', hint: 'last hour, due to first refusal' },
    { label: 'impossible', value: number(lastHour.impossible), hint: 'last hour: nobody can revoke them' },
    { label: 'dead letters', value: number(deadLetters), ...(deadLetters > 0 ? { tone: 'warn' as const } : {}) },
  ]
  keepList(
    byId('figures'),
    figures,
    one => one.label,
    ({ label, value, hint, tone }) =>
      el(
        'div',
        { class: 'figure', ...(hint ? { title: hint } : {}), ...(tone ? { data: { tone } } : {}) },
        el('dt', { text: label }),
        el('dd', { text: value }),
      ),
  )
}
