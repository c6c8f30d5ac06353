import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every file below a folder. */
export const files = (dir: string): string[] =>
  readdirSync(dir).flatMap(name => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })

/** Every spelling in which a value could lie somewhere. */
const spellings = (value: string): Buffer[] => {
  const bytes = Buffer.from(value)
  const base64 = [0, 1, 2].map(shift => {
    // Base64 of a text that contains the value: its middle, whatever the alignment.
    const whole = Buffer.concat([Buffer.alloc(shift, 'x'), bytes]).toString('base64')
    return whole.slice(shift === 0 ? 0 : 4, Math.floor((shift + bytes.length) / 3) * 4 - 4)
  })
  return [value, encodeURIComponent(value), bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64]
    .filter(text => text.length >= 12)
    .map(text => Buffer.from(text))
}

export const findsIn = (haystack: Buffer, values: string[]) =>
  values.flatMap(value =>
    spellings(value)
      .filter(needle => haystack.includes(needle))
      .map(needle => needle.toString()),
  )
