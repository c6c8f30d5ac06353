import type { Expiries } from '../../schemas/http-page.ts'
import type { Status } from '../../schemas/status.ts'
import { byId, el, keepList, setText, svg } from './dom.ts'
import { clock, count, number } from './format.ts'

/** The next hour, a bar a minute. */
export const showExpiries = ({ from, stepMs, counts, exact }: Expiries): void => {
  const [width, height, gap] = [600, 72, 2]
  const most = Math.max(1, ...counts)
  const each = width / Math.max(1, counts.length)
  const bars = counts.map((n, i) => {
    const tall = n === 0 ? 1 : Math.max(2, (n / most) * (height - 2))
    const bar = svg('rect', {
      x: i * each,
      y: height - tall,
      width: each - gap,
      height: tall,
      class: n === 0 ? 'none' : 'some',
    })
    const title = svg('title', {})
    const at = from + i * stepMs
    title.textContent = `${clock(at).slice(0, 5)} to ${clock(at + stepMs).slice(0, 5)}: ${count(n, 'credential')}`
    bar.append(title)
    return bar
  })
  const total = counts.reduce((sum, n) => sum + n, 0)
  const label = `${number(total)} due within the hour, at most ${number(most)} in a minute`
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    ...bars,
  )
  byId('expiries').replaceChildren(drawing)
  const marks = [0, 15, 30, 45, 60].map(minute => clock(from + minute * 60_000).slice(0, 5))
  keepList(
    byId('expiry-marks'),
    marks,
    mark => mark,
    text => el('span', { text }),
  )
  setText(
    byId('expiry-note'),
    total === 0
      ? 'Nothing is due by itself within the hour.'
      : `${label}.${exact ? '' : ' So many that some may be counted twice.'}`,
  )
}

/** What is still out there, store by store. */
export const showStores = ({ stores }: Status): void => {
  keepList(
    byId('store-rows'),
    stores.map(one => ({ ...one, oldestPastDueMs: undefined })),
    one => one.store,
    one => {
      const since = one.blocked ? `blocked since ${clock(one.blocked.since)}: ${one.blocked.code}` : ''
      const finish =
        one.expectedFinishAt === undefined ? '' : `its budget allows the last one at ${clock(one.expectedFinishAt)}`
      return el(
        'tr',
        { data: { state: one.blocked ? 'blocked' : one.alivePastDue > 0 ? 'due' : 'well' } },
        el('td', { text: one.store, data: { label: 'store' } }),
        el('td', { class: 'num', text: number(one.outstanding), data: { label: 'outstanding' } }),
        el('td', {
          class: 'num',
          text: number(one.alivePastDue),
          data: { label: 'past due', ...(one.overBound > 0 ? { tone: 'bad' } : {}) },
        }),
        el('td', { class: 'why', text: [since, finish].filter(Boolean).join('; ') || '–', data: { label: 'why' } }),
      )
    },
  )
}
