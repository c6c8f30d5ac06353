import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { KeptVersion, NewVersion } from '../../pipeline/keeper-port.ts'

type KeeperConfig = SecretConfig['keeper']
type Fields = KeeperConfig['fields']
type SecretObject = Record<string, unknown>

/** Undefined: not a JSON object. */
export const objectIn = (text: string | undefined): SecretObject | undefined => {
  try {
    const parsed: unknown = JSON.parse(text ?? '')
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as SecretObject)
      : undefined
  } catch {
    // What it says would quote the value.
    return undefined
  }
}

/** Undefined: it holds no value. A Lambda writes no mark, and may copy an old one: its version has the rotation's id for its name. */
export const keptIn = (
  keeperVersion: string,
  object: SecretObject,
  { fields, native }: KeeperConfig,
): KeptVersion | undefined => {
  const [value, handle, rotation] = [object[fields.value], object[fields.handle], object[fields.rotation]]
  if (typeof value !== 'string' || value === '') return undefined
  return {
    keeperVersion,
    value,
    ...(typeof handle === 'string' && handle !== '' ? { handle } : {}),
    ...(native ? { rotation: `${keeperVersion}.0` } : typeof rotation === 'string' ? { rotation } : {}),
  }
}

export const markOf = ({ rotation, attempt }: NewVersion) => `${rotation}.${attempt}`

/** The other fields of the secret stay as they are. */
export const withVersion = (before: SecretObject, fields: Fields, version: NewVersion): string =>
  JSON.stringify({
    ...before,
    ...version.fields,
    [fields.value]: version.value,
    [fields.handle]: version.handle,
    [fields.rotation]: markOf(version),
  })
