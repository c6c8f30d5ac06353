import { describe, expect, it } from 'vitest'
import type { PresetPaging } from '../../schemas/preset.ts'
import { readAllPages } from '../../services/stores/key-api/list-pages.ts'

type Row = { id: string }
const rows = (...ids: string[]): Row[] => ids.map(id => ({ id }))
const all = rows('a', 'b', 'c', 'd', 'e', 'f', 'g')

/** A product over a list that may change between two pages. */
const product = (paging: PresetPaging, pageOf: (asked: Record<string, unknown>, number: number) => unknown) => {
  const asked: Record<string, unknown>[] = []
  const read = readAllPages<never>({ items: 'keys', id: 'id', paging }, (names, number) => {
    const page = { offset: names('page.offset'), number: names('page.number'), cursor: names('page.cursor') }
    asked.push(page)
    return Promise.resolve({ body: pageOf(page, number) })
  })
  return read.then(found => ({
    asked,
    ids: 'items' in found ? found.items.map(one => one.id).join('') : undefined,
    problem: 'problem' in found ? (found.problem as { detail: string }).detail : undefined,
  }))
}
const byOffset: PresetPaging = { by: 'offset', size: 3 }
const from = (list: Row[], offset: unknown, size = 3) => list.slice(Number(offset), Number(offset) + size)

describe('a list is read to its very end', () => {
  it('by offset: pages overlap by one key, and an empty one is the end', async () => {
    const { ids, asked } = await product(byOffset, ({ offset }) => ({ keys: from(all, offset) }))
    expect(ids).toBe('abcdefg')
    expect(asked.map(one => one.offset)).toEqual([0, 2, 4, 6])
  })

  it('a product that gives two where it is asked for three is read to the end all the same', async () => {
    expect((await product(byOffset, ({ offset }) => ({ keys: from(all, offset, 2) }))).ids).toBe('abcdefg')
  })

  it('a key that slips to an earlier page while another goes is noticed, and read in another pass', async () => {
    let list = all
    const { ids } = await product(byOffset, ({ offset }) => {
      const keys = from(list, offset)
      // After the first page its first key is deleted: what followed moves up by one.
      if (list === all) list = all.slice(1)
      return { keys }
    })
    expect(ids).toBe('bcdefg')
  })

  it('a list that moves under every look is no answer', async () => {
    let list = rows(...'abcdefghijklmnopqrstuvwxyz')
    const { problem } = await product(byOffset, ({ offset }) => {
      const keys = from(list, offset)
      if (offset === 0) list = list.slice(1)
      return { keys }
    })
    expect(problem).toMatch(/moves under every look/)
  })

  it('the total of the product ends it, and one that counts more than is shown is no answer', async () => {
    const paging: PresetPaging = { ...byOffset, total: 'total' }
    const three = all.slice(0, 3)
    const honest = await product(paging, ({ offset }) => ({ keys: from(three, offset), total: 3 }))
    expect([honest.ids, honest.asked.length]).toEqual(['abc', 1])
    expect((await product(paging, ({ offset }) => ({ keys: from(three, offset), total: 4 }))).problem).toMatch(
      /counts 4 keys and shows 3/,
    )
  })

  it.each([[null], [-1], [''], ['7']])('a total of %j is none, and no answer', async total => {
    const paging: PresetPaging = { ...byOffset, total: 'total' }
    expect((await product(paging, ({ offset }) => ({ keys: from(all, offset), total }))).problem).toMatch(/no count at/)
  })

  it('numbers that JSON rounds are no ids: two keys would have one', async () => {
    const body = JSON.parse('{"keys": [{"id": 9007199254740995}, {"id": 9007199254740996}]}') as unknown
    expect((await product(byOffset, () => body)).problem).toMatch(/no id at "id"/)
  })

  it('a product that ignores what page it is asked for is no answer', async () => {
    expect((await product(byOffset, () => ({ keys: all.slice(0, 3) }))).problem).toMatch(/moves|does not advance/)
    const byNumber: PresetPaging = { by: 'number', size: 3, first: 1 }
    expect((await product(byNumber, () => ({ keys: all.slice(0, 3) }))).problem).toMatch(/does not advance/)
  })

  it('by cursor: to the one that is not there; the same one again is no answer', async () => {
    const paging: PresetPaging = { by: 'cursor', next: 'next' }
    const pages: Record<string, unknown> = {
      none: { keys: rows('a', 'b'), next: 'x' },
      x: { keys: rows('c'), next: 'y' },
      y: { keys: [], next: null },
    }
    const { ids, asked } = await product(paging, ({ cursor }) => pages[String(cursor ?? 'none')])
    expect([ids, asked.map(one => one.cursor)]).toEqual(['abc', [undefined, 'x', 'y']])
    expect((await product(paging, () => ({ keys: rows('a'), next: 'x' }))).problem).toMatch(/does not advance/)
  })

  it.each([
    [{ data: [] }, /no list at "keys"; the answer has data/],
    [{ keys: [{ name: 'n' }] }, /no id at "id" of an item; it has name/],
    ['<html>', /no list at "keys"; the answer has no JSON object/],
  ])('%j is no answer', async (body, said) => expect((await product(byOffset, () => body)).problem).toMatch(said))
})
