import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Problem } from '../errors.ts'
import { rotationId } from '../ids.ts'
import type { KeptVersion } from '../keeper-port.ts'
import type { RotationParts } from './ports.ts'
import { again, heldFacts, over, type Ran, request } from './rotating.ts'
import type { SecretView } from './secret-view.ts'

/**
 * What is in the secret and no rotation of ours put there: the value of before the first one, or what somebody wrote by hand. It becomes
 * a version like every other, so that a leak of it is recognized and it dies when it is replaced.
 */
export const adopt = async (parts: RotationParts, secret: SecretConfig, view: SecretView): Promise<Ran> => {
  const keeper = parts.stores.get(secret.keeper.store)?.keeper
  if (!keeper) return over
  const kept = await keeper.read(secret)
  if ('problem' in kept) return untold(parts, secret, kept.problem)
  if (!kept.current)
    return untold(parts, secret, { code: 'protocol', detail: `${secret.keeper.name} holds no value yet` })
  if (await adoptUnknown(parts, secret, view, kept.current)) return again(200)
  return (await replaceRestored(parts, secret, view, kept.current)) ? again(0) : over
}

/** Somebody put a value back that was replaced before: it is dead or dies, and its consumers need another one. */
const replaceRestored = async (
  parts: RotationParts,
  secret: SecretConfig,
  { versions, rotations }: SecretView,
  { keeperVersion, value }: KeptVersion,
): Promise<boolean> => {
  const print = parts.fingerprint(value)
  const same = versions.filter(one => one.fingerprint === print)
  const rotation = rotationId(secret.id, `restored|${keeperVersion}|${print}`)
  const isKnownEnd = same.length > 0 && same.every(one => one.superseded)
  if (!isKnownEnd || rotations.some(one => one.rotation === rotation)) return false
  const reason = 'the secret holds a value that was replaced before'
  await request(parts, secret.id, { rotation, cause: 'on_demand', compromised: false, reason })
  return true
}

/** True: it was not known. */
export const adoptUnknown = async (
  parts: RotationParts,
  secret: SecretConfig,
  view: SecretView,
  current: KeptVersion | undefined,
): Promise<boolean> => {
  if (!current) return false
  if (isKnown(view, current, parts.fingerprint(current.value))) return false
  // A handle that is known already is left over from the value before.
  const named = view.versions.some(one => one.handle === current.handle) ? undefined : current.handle
  const first = view.versions.length === 0 ? secret.issuer.firstHandle : undefined
  const handle = named ?? first ?? `${secret.id}@${current.keeperVersion}`
  await parts.facts.append(heldFacts({ parts, secret }, { ...current, handle, rotation: undefined }).facts)
  return true
}

/** By its value; where all that is known was fingerprinted under another pepper, by its name. */
const isKnown = ({ versions }: SecretView, { keeperVersion, handle }: KeptVersion, print: string): boolean => {
  const kid = print.slice(0, print.indexOf(':') + 1)
  const sameKid = versions.filter(one => one.fingerprint?.startsWith(kid))
  if (sameKid.length > 0) return sameKid.some(one => one.fingerprint === print)
  return versions.some(one => one.keeperVersion === keeperVersion || (handle !== undefined && one.handle === handle))
}

const untold = (parts: RotationParts, secret: SecretConfig, problem: Problem): Ran => {
  parts.observeRotation({ event: 'rotation_problem', secret: secret.id, rotation: '', step: 'adopt', problem })
  return again(5_000)
}
