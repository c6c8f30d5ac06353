import { RejectedEvent } from '../../pipeline/errors.ts'

/** Own fields only: `__proto__` and `constructor` are names like any other. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

/** Neither empty nor with half a surrogate pair in it. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined

/** However deep: what a task produced may nest as it likes, it is not walked through, and its end must not be lost for it. */
export const jsonOf = (body: Buffer): unknown => {
  if (body.length === 0) throw new RejectedEvent('empty', 'the delivery has no body')
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new RejectedEvent('not_json', 'the body is not JSON')
  }
}

/** What stands at a place (schemas/mapping.ts); undefined: nothing. */
export const valueAt = (body: unknown, place: string): unknown =>
  namesOf(place).reduce<unknown>((value, name) => field(value, name), body)

const namesOf = (place: string): string[] =>
  place.startsWith('/')
    ? place
        .slice(1)
        .split('/')
        .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    : place.split('.')
