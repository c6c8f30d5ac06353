import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { credentialId } from '../../pipeline/ids.ts'
import { type Credential, doorWitness } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'
import { type Names, namesIn } from '../template.ts'
import { handleShape, leadsElsewhere } from './handle-shape.ts'

export const sealedAway: Problem = {
  code: 'protocol',
  detail: 'the sealed key is not known yet, or its sealing key is not in the ring',
}

/** What is known of a key, as the names that the preset's requests may hold. */
export const knownKey = (preset: Preset, { sealing }: StoreParts, store: string) => {
  const shape = handleShape(preset)
  const used = namesIn([preset.revoke.request, preset.status?.get?.request, preset.status?.list])
  const needsValue = used.includes('value')
  const needsTarget = used.includes('target')
  /** All of them: a key that was rolled in place was announced with two. */
  const values = ({ handle, sealed = [] }: Credential): string[] => {
    const cid = credentialId(store, handle)
    const opened = sealed.map(blob => sealing.open(cid, blob)?.trim()).filter(value => value !== undefined)
    return opened.length === sealed.length ? [...new Set(opened)] : []
  }
  return {
    impossible: ({ handle, target, sealed = [], valueSealed }: Credential): string | undefined => {
      if (!shape(handle)) return `the handle is not ${preset.handle.is}`
      if (needsTarget && (leadsElsewhere(target) || target?.includes('/')))
        return 'the grant names no `target` that this product could be asked for'
      const without = needsValue && sealed.length === 0 && !valueSealed
      return without ? 'this product must be shown the key: the grant brought no sealed `value`' : undefined
    },
    /** One set of names for each value where the product is shown it, and the values that opened. `atDoor`: the door is asked, too: without its value it would silently be left out. */
    namesOf: (credential: Credential, atDoor: boolean): { names: Names[]; values: string[] } | { problem: Problem } => {
      const opened = values(credential)
      const { sealed = [], valueSealed, witnesses = [] } = credential
      const brought = sealed.length > 0 || valueSealed === true || witnesses.includes(doorWitness)
      if (opened.length === 0 && (needsValue || (atDoor && brought))) return { problem: sealedAway }
      const pieces = shape(credential.handle) ?? {}
      const shown = needsValue ? opened : [undefined]
      return {
        values: opened,
        names: shown.map(value => {
          const known: Record<string, string | undefined> = { ...pieces, target: credential.target, value }
          return (name: string) => known[name]
        }),
      }
    },
  }
}
