import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Failed, KeptVersion } from '../../pipeline/keeper-port.ts'
import { currentOf, stagedOf } from './labels.ts'
import type { KeptSecretState, SecretCalls } from './secret-calls.ts'
import { keptIn, objectIn } from './secret-object.ts'

type Read = { kept: KeptVersion | undefined } | Failed

export const readCurrent = async (calls: SecretCalls, secret: SecretConfig, state: KeptSecretState): Promise<Read> => {
  const version = currentOf(state.labels)
  const found = version === undefined ? undefined : await calls.value(state, version)
  if (version === undefined || found === undefined || 'absent' in found) return { kept: undefined }
  if ('problem' in found) return found
  const object = objectIn(found.text)
  if (object) return { kept: keptIn(version, object, secret.keeper) }
  const detail = `the SecretString of ${state.name} is not a JSON object: its fields are needed, for example {"value": ...}`
  return { problem: { code: 'protocol', detail } }
}

/** An empty version under AWSPENDING, and one that cannot be understood, are staged by somebody else: without a value. */
export const readStaged = async (calls: SecretCalls, secret: SecretConfig, state: KeptSecretState): Promise<Read> => {
  const [version] = stagedOf(state.labels)
  if (version === undefined) return { kept: undefined }
  const found = await calls.value(state, version)
  if ('problem' in found) return found
  const object = 'text' in found ? objectIn(found.text) : undefined
  return { kept: (object && keptIn(version, object, secret.keeper)) ?? { keeperVersion: version, value: '' } }
}
