import type { GrantEntry, GrantList } from '../../schemas/http.ts'
import { copyable } from './copy-command.ts'
import { byId, el, keepList, setText, show } from './dom.ts'
import { count, number, shortened, words } from './format.ts'
import { movingTime } from './moving-times.ts'
import { commandFor, whyOf } from './next-command.ts'

/** Where a grant's story is: a URL of its own, that can be pasted into an incident channel. */
export const storyHash = (grant: string): string => `#/grants/${grant}`
const openStory = (grant: string) => () => {
  location.hash = storyHash(grant)
}

export const matches = (grant: GrantEntry, search: string): boolean => {
  if (search === '') return true
  const { store, kind, handle, session, tasks, cause = '', state, blocked } = grant
  const text = [grant.grant, store, kind, handle, session, ...tasks, cause, state, blocked?.code ?? '']
  return text.join(' ').toLowerCase().includes(search.toLowerCase())
}

const cell = (label: string, className: string, ...children: (Node | string)[]) =>
  el('td', { class: className, data: { label } }, ...children)

const what = ({ kind, handle }: GrantEntry) => [
  el('span', { class: 'kind', text: kind }),
  el('span', { class: 'mono', text: shortened(handle), title: handle }),
]
const who = ({ session, tasks }: GrantEntry) =>
  el('span', {
    class: 'clip',
    text: shortened(tasks.length > 0 ? `${session} / ${tasks.join(', ')}` : session, 40),
    title: [session, ...tasks].join(' / '),
  })

const row = (grant: GrantEntry, ...cells: Node[]) =>
  el(
    'tr',
    {
      tab: -1,
      data: { grant: grant.grant, state: grant.state },
      aria: { label: `${grant.kind} in ${grant.store}, session ${grant.session}: Enter opens its story` },
      on: { click: openStory(grant.grant) },
    },
    ...cells,
  )

const pastDueRow = (grant: GrantEntry) =>
  row(
    grant,
    cell('past due', 'num strong', movingTime(grant.dueAt ?? grant.grantedAt, 'age')),
    cell('store', '', el('span', { text: grant.store })),
    cell('credential', 'two', ...what(grant)),
    cell('session', 'wide', who(grant)),
    cell(
      'why',
      'why',
      el('span', { class: 'cause', text: words(grant.cause ?? '') }),
      el('span', { text: whyOf(grant) }),
    ),
    cell('do', 'do', copyable(commandFor(grant))),
  )

const nextRow = (grant: GrantEntry) =>
  row(
    grant,
    cell('due', 'num', ...(grant.dueAt === undefined ? ['–'] : [movingTime(grant.dueAt)])),
    cell('store', '', el('span', { text: grant.store })),
    cell('credential', 'two', ...what(grant)),
    cell('session', 'wide', who(grant)),
    cell('state', '', el('span', { class: 'tag', text: grant.state, data: { state: grant.state } })),
  )

export const showPastDue = ({ grants, complete }: GrantList, total: number, search: string): void => {
  const shown = grants.filter(one => matches(one, search))
  show(byId('past-due'), total > 0)
  setText(byId('past-due-count'), number(total))
  keepList(byId('past-due-rows'), shown, one => one.grant, pastDueRow)
  const hidden = grants.length - shown.length
  const more = complete ? 0 : Math.max(0, total - grants.length)
  const notes = [
    ...(hidden > 0 ? [`${count(hidden, 'row')} hidden by the search.`] : []),
    ...(more > 0 ? [`The ${number(grants.length)} oldest are shown; all: curfew grants --alive-past-due`] : []),
  ]
  setText(byId('past-due-note'), notes.join(' '))
}

/** A search may look at more than what is shown without one. */
const mostShown = 12
const mostFound = 50

export const showNext = ({ grants }: GrantList, search: string, outstanding: number): void => {
  const found = grants.filter(one => matches(one, search))
  const most = search === '' ? mostShown : mostFound
  keepList(byId('next-rows'), found.slice(0, most), one => one.grant, nextRow)
  show(byId('next-table'), found.length > 0)
  const none =
    search === ''
      ? 'Nothing is outstanding.'
      : `None of the next ${grants.length} matches. Enter looks for a session of that name.`
  const some = `The next ${Math.min(found.length, most)} of ${number(outstanding)}.`
  setText(byId('next-note'), found.length === 0 ? none : some)
}

/** All grants of one session, the dead too: what Enter in the search found. */
export const showFound = (session: string, { grants, complete }: GrantList): void => {
  show(byId('found'), true)
  setText(byId('found-title'), `Session ${session}`)
  keepList(byId('found-rows'), grants, one => one.grant, nextRow)
  setText(byId('found-note'), complete ? count(grants.length, 'grant') : `The first ${grants.length}.`)
}
