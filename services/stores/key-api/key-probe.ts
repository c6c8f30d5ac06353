import { type Credential, doorWitness, type Lane, type ProbeResult } from '../../pipeline/ports.ts'
import type { DoorAnswer } from '../door.ts'
import type { Status } from './verdict.ts'

export type KeyProbeParts = {
  /** Undefined: the product cannot be asked about a key. */
  status: ((credential: Credential, lane: Lane) => Promise<Status>) | undefined
  /** What an absence means: the preset's word. */
  absent: 'dead' | 'unknown'
  /** Uses the key where agents use it; undefined: no door, or no value of it is known. */
  tryDoor: ((lane: Lane) => Promise<DoorAnswer>) | undefined
  actsAs: string
}

const proof = 'the preset says that this proves nothing'

/**
 * Alive if the product or the door says so. Dead only if the product says so and the door refuses it too, where there is one. An
 * absence is the word of whoever looked (another account is shown other keys), a refusal that of a door that once accepted it.
 */
export const probeKey = async (parts: KeyProbeParts, credential: Credential, lane: Lane): Promise<ProbeResult> => {
  const { actsAs, tryDoor } = parts
  const openedBefore = credential.witnesses?.includes(doorWitness) ?? false
  const status = await parts.status?.(credential, lane)
  if (status?.state === 'unknown') {
    // What was never seen alive can only be proven dead if somebody sees it now: the door may, while a budget keeps us from asking.
    const asksDoor = credential.seenAt === undefined && status.problem.code === 'throttled'
    const used = asksDoor ? await tryDoor?.(lane) : undefined
    return used?.state === 'accepted' ? { state: 'alive', evidence: 'used', witnesses: [doorWitness] } : status
  }
  if (status?.state === 'alive') {
    const used = openedBefore ? undefined : await tryDoor?.(lane)
    return used?.state === 'accepted'
      ? { state: 'alive', evidence: 'used', witnesses: [actsAs, doorWitness], at: status.at }
      : { state: 'alive', evidence: 'target', witnesses: [actsAs], at: status.at }
  }
  const door = await tryDoor?.(lane)
  if (door?.state === 'accepted') return { state: 'alive', evidence: 'used', witnesses: [doorWitness] }
  if (door?.state === 'unknown') return door
  // The door's word is the stronger one: from now on, at the door itself.
  if (door && (openedBefore || !status)) return { state: 'dead', evidence: 'used', witnesses: [doorWitness] }
  if (!status) return cannotBeProbed
  if (status.state === 'dead') return { state: 'dead', evidence: 'target', at: status.at, began: status.began }
  if (parts.absent === 'dead')
    return { state: 'dead', evidence: 'target', witnesses: [actsAs], at: status.at, began: status.began }
  return { state: 'unknown', problem: { code: 'protocol', detail: `the product does not show the key, and ${proof}` } }
}

const cannotBeProbed: ProbeResult = {
  state: 'impossible',
  reason: 'cannot be probed: the product has no status call, and the grant brought no `value` for the door',
}
