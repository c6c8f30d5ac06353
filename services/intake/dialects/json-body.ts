import { RejectedEvent } from '../../pipeline/errors.ts'
import { parseJson } from '../parse-event.ts'

/** The raw body as JSON, with caps. Throws RejectedEvent, which quotes nothing. */
export const jsonOf = (body: Buffer): unknown => {
  if (body.length === 0) throw new RejectedEvent('empty', 'the delivery has no body')
  return parseJson(body)
}

/** A list of objects; what is not an object becomes an empty one, which says nothing. */
export const entriesOf = (json: unknown): Record<string, unknown>[] => {
  if (!Array.isArray(json)) throw new RejectedEvent('invalid_data', 'the body is not a list')
  return json.map(objectOf)
}

export const objectOf = (json: unknown): Record<string, unknown> =>
  json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as Record<string, unknown>) : {}

/** A text with something in it. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined

/** Who found what, in plain words. What looks like anything else is left out: it could be a value. */
export const label = (...words: unknown[]): string =>
  words.filter(word => typeof word === 'string' && /^[\w .-]{1,64}$/.test(word)).join(':')
