import type { PresetPaging } from '../../../schemas/preset.ts'
import { at } from '../answer-fits.ts'
import type { Names } from '../template.ts'
import { namesOf } from './product-session.ts'

export type Page = { body: unknown }
export type Item = { id: string; item: unknown }
export type Fetched<P> = { items: Item[] } | { problem: P }
/** Asks for one page. */
export type FetchPage<P> = (names: Names, number: number) => Promise<Page | { problem: P }>
type Places = { items: string; id: string; paging: PresetPaging }
type Told = { code: 'protocol'; detail: string }

const mostPages = 2_000
const mostRestarts = 3
class Shifted extends Error {}

/**
 * Every page to the very end. The end is an empty page, the product's own total, or no next cursor: never a short page, since a
 * product may give fewer than it was asked for. What cannot be read whole is a problem: a key that was not read is not absent.
 */
export const readAllPages = async <P>(places: Places, fetchPage: FetchPage<P>): Promise<Fetched<P | Told>> => {
  for (let restarts = 0; ; restarts += 1)
    try {
      return await onePass(places, fetchPage)
    } catch (error) {
      if (!(error instanceof Shifted)) throw error
      if (restarts === mostRestarts) return told('the list moves under every look: it could not be read whole')
    }
}

const onePass = async <P>(places: Places, fetchPage: FetchPage<P>): Promise<Fetched<P | Told>> => {
  const { paging } = places
  const seen = new Map<string, Item>()
  let cursor: string | undefined
  for (let number = 0; number < mostPages; number += 1) {
    const page = await fetchPage(pageNames(paging, number, seen.size, cursor), number)
    if ('problem' in page) return page
    const items = itemsOf(places, page.body)
    if ('problem' in items) return items
    if (paging.by === 'offset') requireOverlap([...seen.keys()], items.items)
    const before = seen.size
    for (const one of items.items) seen.set(one.id, one)
    const end = { items: [...seen.values()] }
    if (paging.by === 'none') return end
    if (paging.by === 'cursor') {
      const next = at(page.body, paging.next)
      if (next === undefined || next === null || next === '') return end
      if (String(next) === cursor) return told('the next cursor is the one that was sent: the paging does not advance')
      cursor = String(next)
      continue
    }
    const total = paging.total === undefined ? undefined : at(page.body, paging.total)
    if (paging.total !== undefined && !isCount(total)) return told(`no count at "${paging.total}"`)
    if (isCount(total) && seen.size > total) return told(`it counts ${total} keys and shows ${seen.size}`)
    if (isCount(total) && seen.size === total) return end
    if (seen.size === before) {
      const repeated = items.items.length > (paging.by === 'offset' ? 1 : 0)
      if (repeated) return told('a page brings nothing new: the paging does not advance')
      return isCount(total) ? told(`it counts ${total} keys and shows ${seen.size}`) : end
    }
  }
  return told(`more than ${mostPages} pages`)
}

/** Each page begins with the last key of the one before: where it does not, keys moved meanwhile, and one may have been jumped over. */
const requireOverlap = (seen: string[], items: Item[]) => {
  const last = seen.at(-1)
  if (last !== undefined && items[0]?.id !== last) throw new Shifted()
}

const isCount = (total: unknown): total is number => Number.isSafeInteger(total) && Number(total) >= 0

const pageNames =
  (paging: PresetPaging, number: number, seen: number, cursor: string | undefined): Names =>
  name => {
    if (name === 'page.size' && paging.by !== 'none') return paging.size
    if (name === 'page.offset' && paging.by === 'offset') return Math.max(0, seen - 1)
    if (name === 'page.number' && paging.by === 'number') return paging.first + number
    if (name === 'page.cursor') return cursor
    return undefined
  }

const itemsOf = ({ items: place, id }: Places, body: unknown): { items: Item[] } | { problem: Told } => {
  const list = at(body, place)
  if (!Array.isArray(list)) return told(`no list at "${place}"; the answer has ${namesOf(body)}`)
  const items = list.map(item => ({ id: at(item, id), item }))
  // Beyond that JSON's numbers are rounded: two keys would have one id.
  const nameless = items.find(one => typeof one.id !== 'string' && !Number.isSafeInteger(one.id))
  if (nameless) return told(`no id at "${id}" of an item; it has ${namesOf(nameless.item)}`)
  return { items: items.map(one => ({ id: String(one.id), item: one.item })) }
}

const told = (detail: string): { problem: Told } => ({
  problem: { code: 'protocol', detail: `list: ${detail}`.slice(0, 200) },
})
