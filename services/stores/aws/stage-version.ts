import type { SecretConfig } from '../../../schemas/secrets.ts'
import { type Failed, type Keeper, markOf, type NewVersion } from '../../pipeline/keeper-port.ts'
import { currentOf, pendingOf } from './labels.ts'
import type { Done, KeptSecretState, SecretCalls } from './secret-calls.ts'
import { objectIn, withVersion } from './secret-object.ts'

const failed = (detail: string): Failed => ({ problem: { code: 'backend', detail } })

/**
 * One version for each rotation, however often it is asked for: its id is the rotation's, and a version is written only once. So it is
 * looked for first. What another attempt wrote there is a conflict: that attempt's credential may be dead already.
 */
export const stageVersion = async (
  calls: SecretCalls,
  secret: SecretConfig,
  version: NewVersion,
): ReturnType<Keeper['stage']> => {
  const state = await calls.describe(secret.keeper.name)
  if ('problem' in state) return state
  const before = await look(calls, state, secret, version)
  if ('problem' in before) return before
  if (before.holds === 'another') return { conflict: true }
  const written: Done = before.holds === 'ours' ? { done: true } : await write(calls, state, secret, version)
  // Whatever was answered: two may have written, and a timeout may have had its effect.
  const after = await look(calls, state, secret, version)
  if ('problem' in after) return after
  if (after.holds === 'another') return { conflict: true }
  if (after.holds === 'nothing')
    return 'problem' in written ? written : failed('AWS took the new version and does not have it')
  return pend(calls, secret, version.rotation)
}

type Look = { holds: 'nothing' | 'ours' | 'another' } | Failed

const look = async (
  calls: SecretCalls,
  state: KeptSecretState,
  { keeper: { fields } }: SecretConfig,
  version: NewVersion,
): Promise<Look> => {
  const found = await calls.value(state, version.rotation)
  if ('problem' in found) return found
  if ('absent' in found) return { holds: 'nothing' }
  const object = objectIn(found.text)
  const ours = object?.[fields.rotation] === markOf(version) && object[fields.value] === version.value
  return { holds: ours ? 'ours' : 'another' }
}

const write = async (
  calls: SecretCalls,
  state: KeptSecretState,
  { keeper: { fields } }: SecretConfig,
  version: NewVersion,
): Promise<Done> => {
  const current = currentOf(state.labels)
  const found = current === undefined ? ({ absent: true } as const) : await calls.value(state, current)
  if ('problem' in found) return found
  const before = 'absent' in found ? {} : objectIn(found.text)
  if (!before)
    return { problem: { code: 'protocol', detail: `the SecretString of ${state.name} is not a JSON object` } }
  return calls.put(state, version.rotation, withVersion(before, fields, version))
}

/** The label too: it may have been taken away, or have stayed with somebody else's version. */
const pend = async (calls: SecretCalls, { keeper }: SecretConfig, version: string): ReturnType<Keeper['stage']> => {
  const state = await calls.describe(keeper.name)
  if ('problem' in state) return state
  const pending = pendingOf(state.labels)
  if (pending.includes(version)) return { keeperVersion: version }
  const moved = await calls.label(state, 'AWSPENDING', { to: version, from: pending[0] })
  if ('problem' in moved) return moved
  const after = await calls.describe(keeper.name)
  if ('problem' in after) return after
  const done = pendingOf(after.labels).includes(version)
  return done ? { keeperVersion: version } : failed('AWSPENDING is not on the new version')
}
