/** What stands for `{{name}}`; undefined: nothing is known by that name now. */
export type Names = (name: string) => string | number | undefined

const slot = /\{\{\s*([\w.-]+)\s*\}\}/g
const whole = /^\{\{\s*([\w.-]+)\s*\}\}$/

/** Undefined when a name stands for nothing: the field is left out. */
type Encode = (value: string | number) => string
export const fillText = (text: string, names: Names, encode: Encode = String): string | undefined => {
  let missing = false
  const filled = text.replaceAll(slot, (_, name: string) => {
    const value = names(name)
    if (value === undefined) missing = true
    return value === undefined ? '' : encode(value)
  })
  return missing ? undefined : filled
}

export const fillRecord = (record: Record<string, string> | undefined, names: Names): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record ?? {}).flatMap(([name, text]) => {
      const filled = fillText(text, names)
      return filled === undefined ? [] : [[name, filled]]
    }),
  )

/** A text that is one name and nothing else keeps the type of its value. */
export const fillJson = (value: unknown, names: Names): unknown => {
  if (typeof value === 'string') {
    const name = whole.exec(value)?.[1]
    return name === undefined ? fillText(value, names) : names(name)
  }
  if (Array.isArray(value)) return value.map(one => fillJson(one, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillJson(inner, names)]))
}

/** Every name in every text of a value. */
export const namesIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [...value.matchAll(slot)].map(([, name]) => name ?? '')
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(namesIn)
}
