import type { Problem } from '../../pipeline/errors.ts'
import type { Budget } from '../budget.ts'
import type { RoleCalls, StaticRole } from './role-calls.ts'

export type RotateParts = {
  calls: RoleCalls
  /** One rotation of a role at a time, over all processes. */
  turn(role: string): Budget<'rotate'>
}
type Failed = { problem: Problem }

/** Between the look at a role and its rotation: a process that slept in between may find the role in use since. */
const freshMs = 2_000
const slept: Problem = { code: 'timeout', detail: 'the look at the role was too long ago: it is looked at again' }
const unchanged: Problem = {
  code: 'backend',
  detail: 'rotate-role was answered, and the role tells of the same rotation as before',
}

/**
 * Gives the role a new password, if `may` says so of what the active node tells of it. Two calls at once leave Vault with a password
 * that the database never got (OpenBao 2.7.2: ten of ten), so that they take turns. Only a last rotation that is another one counts.
 */
export const rotateRole = async (
  { calls, turn }: RotateParts,
  role: string,
  may: (before: StaticRole) => Problem | 'skip' | undefined,
): Promise<{ rotated: StaticRole } | { skipped: true } | Failed> => {
  const slot = await turn(role).acquire('rotate', 'leak')
  if ('problem' in slot) return slot
  try {
    const lookedAt = performance.now()
    const before = await calls.look(role, true)
    if ('problem' in before) return before
    const objection = may(before)
    if (objection === 'skip') return { skipped: true }
    if (objection) return { problem: objection }
    if (performance.now() - lookedAt > freshMs) return { problem: slept }
    const done = await calls.rotate(role)
    if ('problem' in done) return done
    const after = await calls.look(role, true)
    if ('problem' in after) return after
    return after.lastRotation === before.lastRotation ? { problem: unchanged } : { rotated: after }
  } finally {
    await slot.release({})
  }
}
