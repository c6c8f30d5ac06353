import type { SecretConfig } from '../../schemas/secrets.ts'
import { type KeptVersion, markOf, type NewVersion } from '../pipeline/keeper-port.ts'

type Fields = SecretConfig['keeper']['fields']
type SecretObject = Record<string, unknown>

/** What a rotation writes into a secret's JSON object; the other fields stay as they are. */
export const ownFields = (fields: Fields, version: NewVersion): SecretObject => ({
  ...version.fields,
  [fields.value]: version.value,
  [fields.handle]: version.handle,
  [fields.rotation]: markOf(version),
})

/** What it says of the version that it is. Undefined: it holds no value. */
export const versionIn = (
  object: SecretObject,
  fields: Fields,
): Pick<KeptVersion, 'value' | 'handle' | 'rotation'> | undefined => {
  const [value, handle, rotation] = [object[fields.value], object[fields.handle], object[fields.rotation]]
  if (typeof value !== 'string' || value === '') return undefined
  return {
    value,
    ...(typeof handle === 'string' && handle !== '' ? { handle } : {}),
    ...(typeof rotation === 'string' ? { rotation } : {}),
  }
}
