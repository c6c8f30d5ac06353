import { doorWitness, type Store } from './ports.ts'
import { note, patiently, probed, said, type ThrowAway, type Trying } from './try-parts.ts'

/** Before its revocation a key is used this often: a cache behind the door that never saw it would hide the window. */
const usesBefore = 12

export const opensDoor = async (parts: Trying, one: ThrowAway): Promise<void> => {
  const { value } = one
  const step = 'the door accepts it'
  const { use } = parts.store
  if (!use || value === undefined) {
    const why = use
      ? 'no value was brought'
      : 'the store has no door: what it says of a key is believed without a use of it'
    return note(parts, step, 'not_tried', why)
  }
  const used = await patiently(parts, () => use(value, 'kill'))
  if (used.state === 'accepted') {
    await usesMore(parts, one, use, value)
    note(parts, step, 'fits', `used ${usesBefore} times, and accepted`)
  } else
    note(
      parts,
      step,
      'does_not_fit',
      `a living key is ${used.state === 'refused' ? 'refused' : said(used.problem)}: does the door belong to this product?`,
    )
  const stranger = await patiently(parts, () => use(parts.random(), 'kill'))
  const other = 'the door refuses a word that nobody issued'
  if (stranger.state === 'refused') note(parts, other, 'fits', 'refused')
  else if (stranger.state === 'accepted')
    note(parts, other, 'does_not_fit', 'it accepts everybody: its refusal could never be seen')
  else
    note(
      parts,
      other,
      'not_tried',
      `no refusal that the preset knows, for a key that never was: ${said(stranger.problem)}`,
    )
}

/** Known to every cache, and seen there by a look of the store: a look drops the door where its budget is used up. */
const usesMore = async (
  parts: Trying,
  one: ThrowAway,
  use: NonNullable<Store['use']>,
  value: string,
): Promise<void> => {
  for (let n = 1; n < usesBefore; n += 1) await patiently(parts, () => use(value, 'kill'))
  for (let n = 0; n < 5 && !one.credential.witnesses?.includes(doorWitness); n += 1) {
    const probe = await probed(parts, one)
    const atDoor = probe.state === 'alive' && probe.evidence === 'used'
    if (atDoor) one.credential = { ...one.credential, witnesses: probe.witnesses ?? [] }
    if (atDoor || one.credential.seenAt === undefined) return
    await parts.pause(2_500)
  }
}
