import { setTimeout } from 'node:timers/promises'
import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import { at } from '../answer-fits.ts'
import { type Names, namesIn } from '../template.ts'
import { type Item, readAllPages } from './list-pages.ts'
import { type Looks, sharedLooks } from './looks.ts'
import { fitter, type ProductCall, problemOf } from './product-call.ts'
import { type Standing, type Status, standing, unclear } from './verdict.ts'

type Listing = NonNullable<NonNullable<Preset['status']>['list']>
type Shown = { standing: Standing; item: unknown; name: string | undefined }
type Parts = { preset: Preset; listing: Listing; budget: string; call: ProductCall }
export type ListStatus = {
  of(id: string, names: Names, notBefore: number, lane: Lane): Promise<Status>
  /** Living keys that were issued under this name, by their ids. */
  named(name: string, lane: Lane): Promise<string[] | { problem: Problem }>
  close(): Promise<void>
}

/** How many different lists (one for each consumer, say) are kept. */
const mostLists = 200

/** Status by listing: one pass over all pages serves every key that waits. */
export const listStatus = (parts: Parts): ListStatus => {
  const lists = new Map<string, Looks<Shown>>()
  // Only what changes the request makes it another list.
  const own = [...new Set(namesIn(parts.listing.request))].filter(name => /^(handle|target)/.test(name))
  const looksOf = (names: Names): Looks<Shown> => {
    const key = JSON.stringify(own.map(name => names(name)))
    const known = lists.get(key) ?? sharedLooks((lane, signal) => readList(parts, names, lane, signal))
    lists.delete(key)
    lists.set(key, known)
    const oldest = lists.size > mostLists ? lists.keys().next().value : undefined
    if (oldest !== undefined) void forget(lists, oldest)
    return known
  }
  return {
    of: async (id, names, notBefore, lane) => {
      const look = await looksOf(names).ask(notBefore, lane)
      if ('problem' in look) return { state: 'unknown', ...look }
      const shown = look.keys.get(id)
      if (!shown)
        return look.whole ? { state: 'absent', at: look.at, began: look.began } : { state: 'unknown', problem: moved }
      if (shown.standing === 'unclear') return { state: 'unknown', problem: unclear(shown.item) }
      return { state: shown.standing, at: look.at, began: look.began }
    },
    named: async (name, lane) => {
      const look = await looksOf(() => undefined).ask(Date.now(), lane)
      if ('problem' in look) return look
      return [...look.keys].filter(([, one]) => one.name === name && one.standing !== 'dead').map(([id]) => id)
    },
    close: async () => {
      await Promise.all([...lists.values()].map(one => one.close()))
    },
  }
}

const moved: Problem = { code: 'protocol', detail: 'the list moves while it is read: what it lacks proves nothing' }

const forget = async (lists: Map<string, Looks<Shown>>, key: string) => {
  const looks = lists.get(key)
  lists.delete(key)
  await looks?.close()
}

const readList = async (parts: Parts, names: Names, lane: Lane, signal: AbortSignal) => {
  const first = await onePass(parts, names, lane, signal)
  if ('problem' in first || parts.listing.paging.by !== 'number' || first.pages < 2) return first
  // By page numbers a key can slip between two pages while another one goes: only a list that stood still lacks what it lacks.
  const again = await onePass(parts, names, lane, signal)
  const second = { ...again, pages: first.pages + again.pages }
  if ('problem' in second) return second
  const still = first.ids === second.ids
  return { pages: second.pages, whole: still, keys: new Map([...first.keys, ...second.keys]) }
}

const onePass = async ({ preset, listing, budget, call }: Parts, names: Names, lane: Lane, signal: AbortSignal) => {
  let pages = 0
  const read = await readAllPages<Problem>(listing, async (page, number) => {
    pages += 1
    // What has begun goes before what waits: half a list is of no use to anybody.
    const lanes = number === 0 ? lane : lane === 'probe' ? 'kill' : 'leak'
    const all: Names = name => page(name) ?? names(name)
    const wanted = {
      operation: 'list',
      request: listing.request,
      budget,
      lane: lanes,
      names: all,
      fresh: true,
    } as const
    for (;;) {
      const reply = await call(wanted)
      if (fitter(preset)(listing.done, reply)) return reply
      const problem = problemOf(reply, listing.request)
      if (signal.aborted || number === 0 || problem.code !== 'throttled') return { problem }
      await setTimeout(Math.min(problem.retryAfterMs ?? 1_000, 60_000), undefined, { signal }).catch(() => undefined)
    }
  })
  if ('problem' in read) return { pages, problem: read.problem }
  const ids = JSON.stringify(read.items.map(one => one.id))
  return { pages, ids, whole: true, keys: new Map(read.items.map(one => shownOf(preset, listing, one))) }
}

const shownOf = (preset: Preset, { name }: Listing, { id, item }: Item): [string, Shown] => {
  const found = name === undefined ? undefined : at(item, name)
  return [
    id,
    { standing: standing(preset, item), item: itemKept(item), name: typeof found === 'string' ? found : undefined },
  ]
}

/** The field names alone: a product may list its keys with a piece of their values. */
const itemKept = (item: unknown) =>
  Object.fromEntries(Object.keys(typeof item === 'object' && item !== null ? item : {}).map(name => [name, '']))
