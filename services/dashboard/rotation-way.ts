import type { RotationEntry, SecretEntry } from '../../schemas/http-secrets.ts'

/** The seven steps of a rotation as people know them, from the durable marks of its way. */
export const steps = ['issue', 'stage', 'test', 'promote', 'overlap', 'revoke', 'prove'] as const
export type StepState = 'done' | 'now' | 'to come' | 'failed'
export type Way = { step: (typeof steps)[number]; state: StepState }[]

const markOf: Record<string, number> = { issuing: 0, issued: 1, staged: 2, tested: 3, promoted: 4, picked_up: 4 }

/** How many of the seven are behind it. While the old one lives, the overlap runs or its revocation does. */
const behind = ({ steps: taken }: RotationEntry, living: number): number => {
  const marks = taken.map(one => markOf[one.step] ?? 0)
  const reached = Math.max(0, ...marks)
  return reached === 4 && living === 0 && taken.some(one => one.step === 'picked_up') ? 5 : reached
}

export const wayOf = (rotation: RotationEntry, living: number): Way => {
  const done = rotation.result === 'done' ? steps.length : behind(rotation, living)
  const failed = rotation.result === 'rolled_back' || rotation.result === 'impossible'
  return steps.map((step, i) => ({
    step,
    state: i < done ? 'done' : i > done ? 'to come' : failed ? 'failed' : 'now',
  }))
}

/** What is under way first, then what stands still for a reason, then the next by schedule. */
export const bySoonest = (secrets: readonly SecretEntry[]): SecretEntry[] => {
  const rank = ({ state }: SecretEntry) => ['compromised', 'blocked', 'rotating', 'unknown', 'standing'].indexOf(state)
  return secrets.toSorted((a, b) => rank(a) - rank(b) || (a.nextAt ?? Infinity) - (b.nextAt ?? Infinity))
}
