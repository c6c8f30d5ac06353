import { isMarkOf } from '../keeper-port.ts'
import { again, base, cidOf, over, promoted, type Ran, type Rotating, stepFact, stuck } from './rotating.ts'
import { endStrays } from './strays.ts'

/**
 * Before the promotion: the old version goes on, and nothing new stays alive or readable. Decided once and durably, so that whoever
 * takes this up does not begin anew.
 */
export const reject = async (run: Rotating, reason: string): Promise<Ran> => {
  await run.parts.facts.append([stepFact(run, 'rejected', { reason })])
  return rollBack(run, reason)
}

export const rollBack = async (run: Rotating, reason: string): Promise<Ran> => {
  // First nobody can promote it any more, then it is looked whether somebody did, and only then it dies.
  const unstaged = await run.keeper.unstage(run.secret)
  if ('problem' in unstaged) return stuck(run, 'unstage', unstaged.problem)
  const kept = await run.keeper.read(run.secret)
  if ('problem' in kept) return stuck(run, 'read', kept.problem)
  // What consumers read now must not die.
  if (kept.current && isMarkOf(run.rotation.rotation, kept.current.rotation))
    return promoted(run, cidOf(run, kept.current), kept.current.keeperVersion)
  const strays = await endStrays(run, undefined)
  if ('problem' in strays) return stuck(run, 'search', strays.problem)
  return strays.living > 0 ? again(300) : end(run, 'rolled_back', reason)
}

export const end = async (
  run: Pick<Rotating, 'parts' | 'secret' | 'rotation'>,
  result: 'done' | 'rolled_back' | 'coalesced' | 'impossible',
  reason?: string,
  retired?: string[],
): Promise<Ran> => {
  const { parts, secret, rotation } = run
  await parts.facts.append([
    {
      ...base(parts, `${rotation.rotation}.ended`),
      kind: 'rotation.ended',
      secret: secret.id,
      rotation: rotation.rotation,
      result,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 256) }),
      ...(retired === undefined ? {} : { retired: retired.slice(0, 100) }),
    },
  ])
  const ms = parts.now() - (rotation.requested?.at ?? parts.now())
  parts.observeRotation({ event: 'rotation_ended', secret: secret.id, rotation: rotation.rotation, result, reason, ms })
  return over
}

/** Once more, later: what an issuer made after all that nobody waited for. */
export const sweep = async (run: Rotating): Promise<Ran> => {
  const promoted = run.rotation.steps.promoted?.at(-1)?.cid
  const strays = await endStrays(run, promoted)
  if ('problem' in strays) return stuck(run, 'search', strays.problem)
  await run.parts.facts.append([stepFact(run, 'swept')])
  return over
}
