import type { DeadLetterCount, PageSections, ShownReceipts } from '../../schemas/http-page.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Status } from '../../schemas/status.ts'
import { byId, el, keepList, setText } from './dom.ts'
import { duration, number, shortened, words } from './format.ts'
import { movingTime } from './moving-times.ts'

/** What cannot be mended by waiting: exposed, unproven, leaked; and what was refused at the door. */
const mostShown = 6

const list = (
  id: string,
  { listed, total, complete }: ShownReceipts,
  none: string,
  tail: (one: Receipt) => (Node | string)[],
) => {
  keepList(
    byId(id),
    listed.slice(0, mostShown),
    one => one.receipt,
    one =>
      el(
        'li',
        {},
        el('span', { class: 'store', text: one.store }),
        el('span', { class: 'tail' }, ...tail(one)),
        el('span', { class: 'mono clip under', text: shortened(one.handle, 44), title: one.handle }),
      ),
  )
  setText(byId(`${id}-count`), number(total))
  const more = total - Math.min(total, mostShown)
  const notes = [
    total === 0 ? none : '',
    more > 0 ? `and ${number(more)} more: curfew receipts` : '',
    complete ? '' : 'still being read',
  ]
  setText(byId(`${id}-note`), notes.filter(Boolean).join('; '))
}

export const showEnded = ({ exposed, leaked, unproven }: PageSections['ended']): void => {
  list('exposed', exposed, 'Nothing that died today can still be used.', one =>
    one.exposedUntil === undefined ? ['no known end'] : ['exposed until ', movingTime(one.exposedUntil)],
  )
  list('leaked', leaked, 'No leak of ours in the last 24 hours.', one =>
    one.deadSince === undefined
      ? [words(one.outcome), ' ', movingTime(one.settledAt)]
      : [`refused after ${duration(Math.max(0, one.deadSince - one.dueAt))}, `, movingTime(one.settledAt)],
  )
  list('unproven', unproven, 'Everything that died was seen alive before.', one => [movingTime(one.settledAt)])
}

export const showDeadLetters = (letters: readonly DeadLetterCount[]): void => {
  keepList(
    byId('letters'),
    letters.slice(0, mostShown),
    one => `${one.topic} ${one.reason}`,
    one =>
      el(
        'li',
        {},
        el('span', { class: 'store', text: one.topic }),
        el('span', { class: 'mono clip', text: one.reason }),
        el('span', { class: 'tail num', text: number(one.count) }),
      ),
  )
  setText(byId('letters-count'), number(letters.reduce((sum, one) => sum + one.count, 0)))
  setText(byId('letters-note'), letters.length === 0 ? 'Every event was understood.' : 'since the counters began')
}

export const showCanaries = ({ canaries }: Status): void => {
  // Its age moves by itself: only a new death changes the row.
  const rows = canaries.map(({ store = '', kind = '', everyMs = 0, lastVerifiedAt }) => ({
    store,
    kind,
    everyMs,
    lastVerifiedAt,
  }))
  keepList(
    byId('canaries'),
    rows,
    one => `${one.store} ${one.kind}`,
    ({ store, kind, everyMs, lastVerifiedAt }) =>
      el(
        'li',
        {},
        el('span', { class: 'store', text: store }),
        el('span', { class: 'clip', text: `${kind}, every ${duration(everyMs)}` }),
        el(
          'span',
          { class: 'tail' },
          ...(lastVerifiedAt === undefined ? ['none died yet'] : ['died ', movingTime(lastVerifiedAt)]),
        ),
      ),
  )
  setText(byId('canaries-count'), number(canaries.length))
  setText(
    byId('canaries-note'),
    canaries.length === 0 ? 'No canary: health cannot be known. Set `canary` in the config.' : '',
  )
}
