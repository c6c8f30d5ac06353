import type { Preset } from '../../../schemas/preset.ts'

export type Handle = (handle: string) => Record<string, string> | undefined

export const leadsElsewhere = (piece: string | undefined): boolean =>
  piece === undefined || piece === '' || piece === '.' || piece === '..'

/**
 * A handle comes from whoever registers a key and ends in a path of an administrator's call: only the preset's shape is let in,
 * and never a step to another path. Its named pieces, or undefined.
 */
export const handleShape = ({ handle }: Preset): Handle => {
  const pattern = new RegExp(handle.pattern, 'u')
  return text => {
    const found = pattern.exec(text)
    if (!found || found[0] !== text) return undefined
    const named = Object.entries(found.groups ?? {})
    // A piece that is not there or leads elsewhere would make another path of it.
    if ([text, ...text.split('/'), ...named.map(([, piece]) => piece)].some(leadsElsewhere)) return undefined
    return { handle: text, ...Object.fromEntries(named.map(([name, piece]) => [`handle.${name}`, piece])) }
  }
}
