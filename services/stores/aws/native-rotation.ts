import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { KeptVersion, NativeRotation } from '../../pipeline/keeper-port.ts'
import { currentOf, stagedOf } from './labels.ts'
import { readCurrent } from './read-versions.ts'
import type { KeptSecretState, SecretCalls } from './secret-calls.ts'

type Progress = Awaited<ReturnType<NativeRotation['progress']>>

/**
 * RotateSecret, where a Lambda makes, sets, tests and publishes the new version: AWS tells nobody that it failed, so the labels are read.
 * AWSPENDING on a version that is not the current one means that a rotation runs, or broke off: AWS refuses every later one until
 * the label is gone.
 */
export const nativeRotation = (calls: SecretCalls, stuckAfterMs: number): NativeRotation => {
  const isStuck = ({ changedAt }: KeptSecretState) => Date.now() - changedAt > stuckAfterMs
  return {
    start: async (secret, rotation) => {
      const state = await calls.describe(secret.keeper.name)
      if ('problem' in state) return state
      for (const from of stagedOf(state.labels).filter(version => version !== rotation)) {
        if (!isStuck(state))
          return { problem: { code: 'backend', detail: 'another rotation of it is under way at AWS' } }
        const taken = await calls.label(state, 'AWSPENDING', { from })
        if ('problem' in taken) return taken
      }
      return calls.rotate(state, rotation)
    },
    progress: async (secret, rotation, known) => {
      const state = await calls.describe(secret.keeper.name)
      if ('problem' in state) return state
      const staged = stagedOf(state.labels)
      if (currentOf(state.labels) === rotation) return current(calls, secret, state)
      if (staged.includes(rotation))
        return isStuck(state) ? { state: 'failed', reason: brokeOff(stuckAfterMs) } : { state: 'running' }
      if (staged.length > 0) return { state: isStuck(state) ? 'idle' : 'running' }
      return known === undefined ? { state: 'idle' } : rotatedByItself(calls, secret, state, known)
    },
  }
}

const brokeOff = (ms: number) => `its Lambda did not finish: nothing has changed for ${Math.round(ms / 1_000)} s`

const current = async (calls: SecretCalls, secret: SecretConfig, state: KeptSecretState): Promise<Progress> => {
  const read = await readCurrent(calls, secret, state)
  if ('problem' in read) return read
  if (read.kept) return { state: 'done', version: read.kept }
  return { problem: { code: 'protocol', detail: `${state.name} holds no value` } }
}

/** AWS's own schedule was faster: what it made is newer than what was to be replaced. */
const rotatedByItself = async (
  calls: SecretCalls,
  secret: SecretConfig,
  state: KeptSecretState,
  known: string,
): Promise<Progress> => {
  const now = await current(calls, secret, state)
  return 'version' in now && !namesOf(secret, now.version).includes(known) ? now : idleOr(now)
}

const idleOr = (now: Progress): Progress => ('problem' in now ? now : { state: 'idle' })

/** Under what names the facts may know a version: one whose handle was known before was adopted under the keeper's name of it. */
const namesOf = ({ id, issuer }: SecretConfig, { handle, keeperVersion }: KeptVersion): (string | undefined)[] => [
  keeperVersion,
  `${id}@${keeperVersion}`,
  handle ?? issuer.firstHandle,
]
