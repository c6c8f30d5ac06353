import type { GrantEntry } from '../../schemas/http.ts'
import { copyable } from './copy-command.ts'
import { byId, el, setText, show } from './dom.ts'
import { moment, preciseClock, words } from './format.ts'
import { moveTimes, movingTime } from './moving-times.ts'
import { commandFor, whyOf } from './next-command.ts'
import { askJson, NotAllowed, Problem } from './session.ts'
import { type StoryLine, storyOf } from './story.ts'

type Told = { grant: GrantEntry; story: StoryLine[]; complete: boolean }

/** The whole story where the API tells it; else what the grant itself says. */
const tellStory = async (id: string): Promise<Told> => {
  try {
    return await askJson<Told>(`/v1/grants/${id}/story`)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'no_such_route') throw error
    const grant = await askJson<GrantEntry>(`/v1/grants/${id}`)
    return { grant, story: storyOf(grant), complete: false }
  }
}

export type StoryPanel = { follow(now: () => number, onRefused: (error: NotAllowed) => void): void; close(): void }

/** A grant's story, at `#/grants/<id>`: a link that can be pasted. Focus goes in, Esc brings it back. */
export const storyPanel = (): StoryPanel => {
  const panel = byId('panel')
  let before: Element | null = null
  let opened: string | undefined

  const close = () => {
    if (location.hash !== '') history.pushState(null, '', location.pathname)
    hide()
  }
  const hide = () => {
    if (panel.hidden) return
    show(panel, false)
    show(byId('shade'), false)
    opened = undefined
    if (before instanceof HTMLElement && before.isConnected) before.focus()
  }
  const open = async (id: string, now: () => number, onRefused: (error: NotAllowed) => void) => {
    if (panel.hidden) before = document.activeElement
    opened = id
    show(panel, true)
    show(byId('shade'), true)
    setText(byId('panel-title'), `Grant ${id.slice(0, 8)}…`)
    byId('panel-body').replaceChildren(el('p', { class: 'muted', text: 'Reading …' }))
    byId('panel-close').focus()
    try {
      const told = await tellStory(id)
      if (opened === id) byId('panel-body').replaceChildren(...bodyOf(told, now()))
    } catch (error) {
      if (error instanceof NotAllowed) return onRefused(error)
      const text =
        error instanceof Problem ? error.message : 'Curfew cannot be reached. Try again when the page is live.'
      if (opened === id) byId('panel-body').replaceChildren(el('p', { class: 'problem', text }))
    }
    moveTimes(now())
  }
  return {
    close,
    follow: (now, onRefused) => {
      const look = () => {
        const id = /^#\/grants\/([0-9a-f]{32})$/.exec(location.hash)?.[1]
        if (id === undefined) hide()
        else void open(id, now, onRefused)
      }
      addEventListener('hashchange', look)
      addEventListener('popstate', look)
      byId('panel-close').addEventListener('click', close)
      byId('shade').addEventListener('click', close)
      panel.addEventListener('keydown', keepFocusIn(panel))
      look()
    },
  }
}

const keepFocusIn = (panel: HTMLElement) => (event: KeyboardEvent) => {
  if (event.key !== 'Tab') return
  const stops = [...panel.querySelectorAll<HTMLElement>('button, [href], input')]
  const [first, last] = [stops[0], stops.at(-1)]
  const edge = event.shiftKey ? first : last
  if (document.activeElement !== edge) return
  event.preventDefault()
  ;(event.shiftKey ? last : first)?.focus()
}

const bodyOf = ({ grant, story, complete }: Told, now: number): Node[] => {
  const facts: [string, string | Node][] = [
    ['store', grant.store],
    ['kind', grant.kind],
    ['handle', el('span', { class: 'mono wrap', text: grant.handle })],
    ['session', el('span', { class: 'wrap', text: grant.session })],
    ...(grant.tasks.length > 0 ? [['tasks', grant.tasks.join(', ')] as [string, string]] : []),
    ['grant', el('span', { class: 'mono wrap', text: grant.grant })],
    ...(grant.cause ? [['cause', words(grant.cause)] as [string, string]] : []),
    ...(grant.receipt
      ? [['receipt', el('span', { class: 'mono wrap', text: grant.receipt.receipt })] as [string, Node]]
      : []),
  ]
  const alive = grant.state !== 'settled' && grant.state !== 'live'
  return [
    el('p', { class: 'standing', data: { state: grant.state } }, ...standingOf(grant)),
    ...(alive ? [el('p', { class: 'why wrap', text: whyOf(grant) })] : []),
    ...(grant.state === 'settled' ? [] : [copyable(commandFor(grant))]),
    el('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [el('dt', { text: name }), el('dd', {}, value)])),
    el('h3', { text: 'Story' }),
    el('ol', { class: 'story' }, ...story.map(line => storyItem(line, now))),
    ...(complete
      ? []
      : [
          el('p', {
            class: 'muted small',
            text: `Not every step is told here. All of it: curfew explain ${grant.grant}`,
          }),
        ]),
    copyable(`${location.origin}/${location.hash}`),
  ]
}

const standingOf = (grant: GrantEntry): (string | Node)[] => {
  const { receipt, state, dueAt } = grant
  if (receipt?.deadSince !== undefined)
    return ['Dead since ', movingTime(receipt.deadSince), `, ${words(receipt.outcome)}.`]
  if (receipt) return [`${words(receipt.outcome)}.`]
  if (state === 'live') return dueAt === undefined ? ['Alive, not due.'] : ['Alive, due ', movingTime(dueAt), '.']
  return ['ALIVE, past due for ', movingTime(dueAt ?? grant.grantedAt, 'age'), '.']
}

const halfDayMs = 12 * 3_600_000
const storyItem = ({ at, what, detail, source }: StoryLine, now: number) =>
  el(
    'li',
    { data: { when: at > now ? 'to come' : 'past' } },
    el('time', {
      class: 'mono',
      text: Math.abs(now - at) < halfDayMs ? preciseClock(at) : moment(at).slice(5, 19),
      title: moment(at),
    }),
    el('span', { class: 'what wrap', text: what }),
    ...(detail ? [el('span', { class: 'detail wrap', text: detail })] : []),
    ...(source ? [el('span', { class: 'source wrap', text: source })] : []),
  )
