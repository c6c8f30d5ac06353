import type { Preset } from '../../../schemas/preset.ts'

export type Handle = (handle: string) => Record<string, string> | undefined

/**
 * A handle comes from whoever registers a key and ends in a path of an administrator's call: only the preset's shape is let in,
 * and never a step to another path. Its named pieces, or undefined.
 */
export const handleShape = ({ handle }: Preset): Handle => {
  const pattern = new RegExp(handle.pattern, 'u')
  return text => {
    const found = pattern.exec(text)
    if (!found || found[0] !== text || /(?:^|\/)\.{1,2}(?:\/|$)/.test(text)) return undefined
    const pieces = Object.entries(found.groups ?? {}).map(([name, piece]) => [`handle.${name}`, piece])
    return { handle: text, ...Object.fromEntries(pieces) }
  }
}
