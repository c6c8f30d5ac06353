import { el, setText } from './dom.ts'
import { age, duration, fromNow, moment } from './format.ts'

/** Times that people read as distances: they move by themselves, and say the exact moment on hover. */
type Kind = 'ago' | 'age'

export const movingTime = (at: number, kind: Kind = 'ago'): HTMLElement =>
  el('time', { title: moment(at), data: { at: String(at), kind } })

const textOf = (at: number, kind: string | undefined, now: number) =>
  kind === 'age' ? (now - at < 10_000 ? age(now - at) : duration(now - at)) : fromNow(at, now)

/** Once a second, and after every change. While nothing is heard, `now` stands still with what is shown. */
export const moveTimes = (now: number): void => {
  for (const node of document.querySelectorAll<HTMLElement>('time[data-at]'))
    setText(node, textOf(Number(node.dataset.at), node.dataset.kind, now))
}
