import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Keeper } from '../../pipeline/keeper-port.ts'
import { pendingOf } from './labels.ts'
import { nativeRotation } from './native-rotation.ts'
import { promoteVersion } from './promote-version.ts'
import { readCurrent, readStaged } from './read-versions.ts'
import { retireVersions } from './retire-versions.ts'
import type { SecretCalls } from './secret-calls.ts'
import { stageVersion } from './stage-version.ts'

/**
 * Secrets Manager's own staging labels: a rotation's version has the rotation's id for its name and waits under AWSPENDING, AWSCURRENT is
 * what consumers read. A success code is no proof: after every write the labels are read again.
 */
export const awsKeeper = (calls: SecretCalls, stuckAfterMs: number): Keeper => {
  const native = nativeRotation(calls, stuckAfterMs)
  return {
    read: async secret => {
      const state = await calls.describe(secret.keeper.name)
      if ('problem' in state) return state
      if (state.rotatesItself && !secret.keeper.native) return { problem: twoRotators(secret) }
      const [current, staged] = await Promise.all([readCurrent(calls, secret, state), readStaged(calls, secret, state)])
      if ('problem' in current) return current
      return 'problem' in staged ? staged : { current: current.kept, staged: staged.kept }
    },
    stage: (secret, version) => stageVersion(calls, secret, version),
    unstage: async secret => {
      const state = await calls.describe(secret.keeper.name)
      if ('problem' in state) return state
      for (const from of pendingOf(state.labels)) {
        const taken = await calls.label(state, 'AWSPENDING', { from })
        if ('problem' in taken) return taken
      }
      const after = await calls.describe(secret.keeper.name)
      if ('problem' in after) return after
      return pendingOf(after.labels).length === 0 ? {} : { problem: { code: 'backend', detail: stillPending } }
    },
    promote: (secret, staged, expected) => promoteVersion(calls, secret, staged, expected),
    retire: (secret, keep) => retireVersions(calls, secret, keep),
    native: secret => (secret.keeper.native ? native : undefined),
  }
}

const stillPending = 'AWSPENDING is still there after its removal'
const twoRotators = ({ keeper }: SecretConfig) => ({
  code: 'protocol' as const,
  detail: `${keeper.name} is rotated by AWS itself too: set keeper.native, or cancel that rotation (CancelRotateSecret)`,
})
