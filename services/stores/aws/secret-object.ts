import type { SecretConfig } from '../../../schemas/secrets.ts'
import { type KeptVersion, markOf, type NewVersion } from '../../pipeline/keeper-port.ts'
import { ownFields, versionIn } from '../kept-fields.ts'

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
  const found = versionIn(object, fields)
  return (
    found && {
      keeperVersion,
      ...found,
      ...(native ? { rotation: markOf({ rotation: keeperVersion, attempt: 0 }) } : {}),
    }
  )
}

/** The other fields of the secret stay as they are. */
export const withVersion = (before: SecretObject, fields: Fields, version: NewVersion): string =>
  JSON.stringify({ ...before, ...ownFields(fields, version) })
