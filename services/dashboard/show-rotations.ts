import type { SecretEntry } from '../../schemas/http-secrets.ts'
import { byId, el, keepList, setText } from './dom.ts'
import { count, words } from './format.ts'
import { movingTime } from './moving-times.ts'
import { bySoonest, wayOf } from './rotation-way.ts'

const mostShown = 12

export const showRotations = (secrets: readonly SecretEntry[]): void => {
  const running = secrets.filter(one => one.rotation)
  const shown = bySoonest(secrets).slice(0, mostShown)
  keepList(byId('rotations'), shown, one => one.secret, rotationItem)
  const more = secrets.length - shown.length
  const none = secrets.length === 0 ? 'No secret is registered for rotation.' : 'No rotation is in flight.'
  const note = running.length === 0 ? none : `${count(running.length, 'rotation')} in flight.`
  setText(byId('rotation-note'), `${note}${more > 0 ? ` ${more} more: curfew secrets` : ''}`)
}

const rotationItem = (secret: SecretEntry) => {
  const { rotation, last, problem, nextAt, state } = secret
  const head = el(
    'div',
    { class: 'head' },
    el('b', { text: secret.secret }),
    el('span', { class: 'tag', text: state, data: { state } }),
    el('span', { class: 'muted', text: `${secret.issuer} → ${secret.keeper.store}` }),
    el(
      'span',
      { class: 'when' },
      ...(rotation
        ? [`${words(rotation.cause)}, `, movingTime(rotation.requestedAt)]
        : nextAt === undefined
          ? []
          : ['next ', movingTime(nextAt)]),
    ),
  )
  const way =
    rotation &&
    el(
      'ol',
      { class: 'way' },
      ...wayOf(rotation, secret.living).map(one =>
        el('li', { text: one.step, data: { state: one.state }, aria: { label: `${one.step}: ${one.state}` } }),
      ),
    )
  const trouble = problem && el('p', { class: 'problem', text: `${problem.step}: ${problem.code}: ${problem.detail}` })
  const before =
    !rotation && last
      ? el(
          'p',
          { class: 'muted' },
          `last: ${words(last.result ?? last.state)} `,
          movingTime(last.endedAt ?? last.requestedAt),
        )
      : undefined
  return el(
    'li',
    { data: { state } },
    head,
    ...(way ? [way] : []),
    ...(trouble ? [trouble] : []),
    ...(before ? [before] : []),
  )
}
