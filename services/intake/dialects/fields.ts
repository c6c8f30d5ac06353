/** Own fields only: `__proto__` and `constructor` are names like any other. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

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
