import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Failed, Keeper, KeptVersion } from '../../pipeline/keeper-port.ts'
import { currentOf, pendingOf } from './labels.ts'
import type { KeptSecretState, SecretCalls } from './secret-calls.ts'

const failed = (detail: string): Failed => ({ problem: { code: 'backend', detail } })

/** Moves AWSCURRENT from the version that was read, and from no other. AWSPREVIOUS follows by itself, and is taken away when it is retired. */
export const promoteVersion = async (
  calls: SecretCalls,
  { keeper }: SecretConfig,
  { keeperVersion }: KeptVersion,
  expected: KeptVersion | undefined,
): ReturnType<Keeper['promote']> => {
  const before = await calls.describe(keeper.name)
  if ('problem' in before) return before
  const from = currentOf(before.labels)
  if (from === keeperVersion) return promoted(calls, before, keeperVersion)
  if (expected !== undefined && from !== expected.keeperVersion) return { conflict: true }
  if (!pendingOf(before.labels).includes(keeperVersion)) return failed('what was staged is not there any more')
  const older = await isOlder(calls, before, keeperVersion, from)
  if (typeof older === 'object') return older
  if (older) return { conflict: true }
  const moved = await calls.label(before, 'AWSCURRENT', { to: keeperVersion, from })
  // Whatever was answered: a timeout may have had its effect, and a success none.
  const after = await calls.describe(keeper.name)
  if ('problem' in after) return 'problem' in moved ? moved : after
  const now = currentOf(after.labels)
  if (now === keeperVersion) return promoted(calls, after, keeperVersion)
  if (now !== from) return { conflict: true }
  return 'problem' in moved ? moved : failed('AWS said that it moved AWSCURRENT, and it is where it was')
}

/** A version that was written by hand after the staged one: its other fields are not in the staged one. */
const isOlder = async (
  calls: SecretCalls,
  state: KeptSecretState,
  staged: string,
  current: string | undefined,
): Promise<boolean | Failed> => {
  if (current === undefined) return false
  const [mine, theirs] = await Promise.all([calls.value(state, staged), calls.value(state, current)])
  if ('problem' in mine) return mine
  if ('problem' in theirs) return theirs
  if ('absent' in mine) return failed('what was staged has no value')
  return 'createdAt' in theirs && theirs.createdAt > mine.createdAt
}

/** AWSPENDING on the current version means nothing; where it cannot be taken away now, it is with the next retirement. */
const promoted = async (calls: SecretCalls, state: KeptSecretState, version: string) => {
  if (pendingOf(state.labels).includes(version)) await calls.label(state, 'AWSPENDING', { from: version })
  return { keeperVersion: version }
}
