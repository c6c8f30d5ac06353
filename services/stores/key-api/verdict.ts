import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { holds } from '../answer-fits.ts'
import { namesOf } from './product-session.ts'

export type Standing = 'alive' | 'dead' | 'unclear'
/** What the product says of one key. `absent`: it does not know it, or does not list it. `at`: when it said so, `began`: when it was asked, epoch ms. */
export type Status =
  | { state: 'alive' | 'dead' | 'absent'; at: number; began: number }
  | { state: 'unknown'; problem: Problem }

/** What the product shows of a key, read by the fields that the preset names and by no other. */
export const standing = ({ status, zone }: Preset, item: unknown): Standing => {
  if (item === undefined || item === null) return 'unclear'
  if (status?.dead.some(one => holds(one, item, zone))) return 'dead'
  return status?.alive === undefined || status.alive.some(one => holds(one, item, zone)) ? 'alive' : 'unclear'
}

export const unclear = (item: unknown): Problem => ({
  code: 'protocol',
  detail: `the key fits neither \`dead\` nor \`alive\` of the preset; it has ${namesOf(item)}`.slice(0, 200),
})
