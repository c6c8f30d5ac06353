import { isRedacted } from './redacted.ts'

/** Every text of these, and of the values of an object, once; redacted ones are none. */
export const textsOf = (...found: unknown[]): string[] => {
  const texts = found.flatMap(one => (one !== null && typeof one === 'object' ? Object.values(one) : [one]))
  return [...new Set(texts.filter(text => typeof text === 'string'))].filter(text => !isRedacted(text))
}

/** `file:line`, as far as the report says it. */
export const placeOf = (about: Record<string, unknown>): string => {
  const { file = about.path ?? about.link ?? about.object ?? about.key, line, commit } = about
  const place = [file, line].filter(part => typeof part === 'number' || (typeof part === 'string' && part !== ''))
  const of = typeof commit === 'string' && commit !== '' ? ` @${commit.slice(0, 8)}` : ''
  return `${place.join(':')}${of}`.trim()
}
