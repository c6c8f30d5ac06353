import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { type Keeper, type KeptVersion, markOf } from '../../pipeline/keeper-port.ts'
import { ownFields, versionIn } from '../kept-fields.ts'
import type { KvVersion, kvCalls } from './kv-calls.ts'

type Kv = ReturnType<typeof kvCalls>
type Fields = SecretConfig['keeper']['fields']

/** What is not promoted has no number yet. */
const stagedVersion = 'staged'
const stillThere: Problem = {
  code: 'backend',
  detail: 'an old version of the secret is still readable after its destruction',
}

/**
 * KV v2 has no staging labels: a new version is staged at a path beside the secret, and promoted by one check-and-set write on the version
 * that was read. Whoever wrote it is read from the version itself (`rotation`), so that no step is done twice.
 */
export const kvKeeper = (kv: Kv, stagedSuffix: string): Keeper => {
  const stagedPath = ({ keeper }: SecretConfig) => `${keeper.name}${stagedSuffix}`
  return {
    read: async secret => {
      const [current, staged] = await Promise.all([kv.read(secret.keeper.name), kv.read(stagedPath(secret))])
      if ('problem' in current) return current
      if ('problem' in staged) return staged
      const { fields } = secret.keeper
      return { current: kept(current, fields), staged: kept(staged, fields, stagedVersion) }
    },
    stage: async (secret, version) => {
      const path = stagedPath(secret)
      const written = await kv.write(path, ownFields(secret.keeper.fields, version), 0)
      if (!('conflict' in written)) return 'problem' in written ? written : { keeperVersion: stagedVersion }
      const there = await kv.read(path)
      if ('problem' in there) return there
      const ours = there.data[secret.keeper.fields.rotation] === markOf(version)
      return ours
        ? { keeperVersion: stagedVersion }
        : { problem: { code: 'backend', detail: 'something else is staged' } }
    },
    unstage: secret => unstage(kv, stagedPath(secret), secret),
    promote: (secret, staged, expected) => promote(kv, stagedPath(secret), secret, staged, expected),
    retire: (secret, keep) => retire(kv, stagedPath(secret), secret, Number(keep)),
  }
}

const kept = ({ version, data }: KvVersion, fields: Fields, name = String(version)): KeptVersion | undefined => {
  const found = version === 0 ? undefined : versionIn(data, fields)
  return found && { keeperVersion: name, ...found, fields: otherFields(data, fields) }
}
const otherFields = (data: Record<string, unknown>, fields: Fields): Record<string, string> => {
  const own: string[] = [fields.value, fields.handle, fields.rotation]
  const isOther = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string' && !own.includes(entry[0])
  return Object.fromEntries(Object.entries(data).filter(isOther))
}

const promote = async (
  kv: Kv,
  stagedPath: string,
  { keeper: { name, fields } }: SecretConfig,
  { rotation }: KeptVersion,
  expected: KeptVersion | undefined,
): ReturnType<Keeper['promote']> => {
  const [current, staged] = await Promise.all([kv.read(name), kv.read(stagedPath)])
  if ('problem' in current) return current
  if ('problem' in staged) return staged
  const isOurs = rotation !== undefined && current.data[fields.rotation] === rotation
  if (isOurs) return { keeperVersion: String(current.version) }
  if (expected !== undefined && expected.keeperVersion !== String(current.version)) return { conflict: true }
  if (rotation === undefined || staged.data[fields.rotation] !== rotation)
    return { problem: { code: 'backend', detail: 'what was staged is not there any more' } }
  const written = await kv.write(name, { ...current.data, ...staged.data }, current.version)
  if (!('conflict' in written)) return 'version' in written ? { keeperVersion: String(written.version) } : written
  // Whoever was faster may have been ourselves: another process of this rotation, or a write whose answer was lost.
  const now = await kv.read(name)
  if ('problem' in now) return now
  return now.data[fields.rotation] === rotation ? { keeperVersion: String(now.version) } : { conflict: true }
}

/** The same data once more: a promotion that is still under way somewhere finds another version than it expects, and changes nothing. */
const unstage = async (
  kv: Kv,
  stagedPath: string,
  { keeper: { name } }: SecretConfig,
): ReturnType<Keeper['unstage']> => {
  const [current, staged] = await Promise.all([kv.read(name), kv.read(stagedPath)])
  if ('problem' in current) return current
  if ('problem' in staged) return staged
  if (staged.version === 0) return {}
  if (current.version > 0 && Object.keys(current.data).length > 0) {
    const fenced = await kv.write(name, current.data, current.version)
    if ('problem' in fenced) return fenced
    if ('conflict' in fenced) return { problem: { code: 'backend', detail: 'the secret was changed at this moment' } }
  }
  return kv.remove(stagedPath)
}

const retire = async (
  kv: Kv,
  stagedPath: string,
  { keeper: { name } }: SecretConfig,
  keep: number,
): ReturnType<Keeper['retire']> => {
  const old = async () => {
    const readable = await kv.readable(name)
    return 'problem' in readable ? readable : readable.versions.filter(version => version < keep)
  }
  const before = await old()
  if ('problem' in before) return before
  if (before.length > 0) {
    const destroyed = await kv.destroy(name, before)
    if ('problem' in destroyed) return destroyed
  }
  const unstaged = await kv.remove(stagedPath)
  if ('problem' in unstaged) return unstaged
  const after = await old()
  if ('problem' in after) return after
  return after.length > 0 ? { problem: stillThere } : { retired: before.map(String) }
}
