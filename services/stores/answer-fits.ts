import type { Expectation, ExpectedAnswer, TimeForm, Where } from '../../schemas/answer.ts'
import { record } from './reply.ts'

/** What stands at a dotted place; undefined: nothing. */
export const at = (body: unknown, place: string): unknown => {
  if (place === '.') return body
  return place
    .split('.')
    .reduce<unknown>((value, name) => (Array.isArray(value) ? value[Number(name)] : record(value)[name]), body)
}

type Read = { status: number; body: unknown; text: string }
export const fitsOne = (expected: readonly ExpectedAnswer[], answer: Read, zone = '+00:00'): boolean =>
  expected.some(one => fits(one, answer, zone))

const fits = (expected: ExpectedAnswer, { status, body, text }: Read, zone: string): boolean => {
  if (typeof expected === 'number') return expected === status
  if (![expected.status].flat().includes(status)) return false
  if (expected.contains !== undefined && !text.includes(expected.contains)) return false
  return expected.where === undefined || holds(expected.where, body, zone)
}

/** Every place holds what is expected of it. A time that cannot be read is neither past nor future. */
export const holds = (expected: Where, body: unknown, zone = '+00:00'): boolean =>
  Object.entries(expected).every(([place, one]) => expects(one, at(body, place), zone))

const expects = (expected: Expectation, found: unknown, zone: string): boolean => {
  if (typeof expected !== 'object' || expected === null) return found === expected
  if ('in' in expected) return expected.in.some(one => one === found)
  // A place that is not there says nothing: a field that was renamed must not read as an answer.
  if ('not' in expected) return found !== undefined && found !== expected.not
  if ('exists' in expected) return (found !== undefined && found !== null) === expected.exists
  const form = 'past' in expected ? expected.past : expected.future
  const time = timeOf(found, form, zone)
  if (time === undefined) return false
  return 'past' in expected ? time <= Date.now() : time > Date.now()
}

const year2000 = 946_684_800_000
/** Zero times and -1 mean "never" to those who write them. */
const known = (time: number) => (time > year2000 ? time : undefined)

/** Epoch ms. A time without a zone is in the product's. */
export const timeOf = (found: unknown, form: TimeForm, zone: string): number | undefined => {
  if (form === 'iso') {
    if (typeof found !== 'string') return undefined
    const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(found) ? found : `${found.replace(' ', 'T')}${zone}`
    const time = Date.parse(zoned)
    return known(time)
  }
  const number = typeof found === 'string' && found !== '' ? Number(found) : found
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
  return known(Math.round(form === 'epoch-seconds' ? number * 1_000 : number))
}
