import { createHash } from 'node:crypto'
import { type CanaryEntry, placesOf } from '../../schemas/canary.ts'
import type { Config } from '../../schemas/config.ts'
import type { VaultStoreConfig } from '../../schemas/store-vault.ts'
import type { VaultLearn } from '../../schemas/vault-learn.ts'

/** What is looked at in a record, and how it is read. */
export type LearnRules = Pick<
  VaultLearn,
  'sessionKey' | 'taskKey' | 'where' | 'secretFields' | 'targetField' | 'sessionStart'
> & {
  store: string
  /** Exact request paths, and beginnings of them. */
  paths: { exact: ReadonlySet<string>; beginnings: readonly string[] }
  /** What Curfew itself makes there. */
  own: ReadonlySet<string>
  /** The entity of Curfew's own login, as soon as Vault has said it. */
  self: { entity?: string }
  namespace: string
  kid: string
  lateMs: number
}

export type LearningStore = VaultStoreConfig & { learn: VaultLearn }
export const learningStores = ({ stores }: Config): LearningStore[] =>
  stores.flatMap(store => (store.kind === 'vault' && store.learn ? [{ ...store, learn: store.learn }] : []))

/** A consumer group of its own: a flood of audit records delays no session's end, and a new topic is no gap of the others. */
export const learnGroup = (group: string) => `${group}-learn`

/** What must have been read before an expiry is believed: a renewal may lie there. */
export const learnedInputs = (config: Config) => {
  const all = learningStores(config)
  return {
    group: learnGroup(config.kafka.group),
    topics: all.flatMap(({ learn }) => learn.auditTopic ?? []),
    stores: all.filter(({ learn }) => learn.auditTopic === undefined).map(({ id }) => id),
  }
}

/** Under which key id a store's HMACs are remembered as fingerprints. */
export const auditKid = (store: string): string => {
  const kid = `audit-${store}`
  return kid.length <= 32 ? kid : `audit-${createHash('sha256').update(store).digest('hex').slice(0, 26)}`
}

export const learnRules = (store: LearningStore, canary: CanaryEntry[]): LearnRules => {
  const { learn } = store
  return {
    ...learn,
    store: store.id,
    paths: {
      exact: new Set(learn.paths.filter(path => !path.endsWith('*'))),
      beginnings: learn.paths.filter(path => path.endsWith('*')).map(path => path.slice(0, -1)),
    },
    own: new Set(
      placesOf(canary)
        .filter(one => one.store === store.id)
        .map(canaryPath),
    ),
    self: {},
    namespace: (store.namespace ?? '').replaceAll(/^\/|\/$/g, ''),
    kid: auditKid(store.id),
    lateMs: learn.lateMs ?? (learn.auditTopic !== undefined ? 60_000 : learn.auditSocket !== undefined ? 10_000 : 0),
  }
}

const canaryPath = ({ tokenRole, databaseRole }: Pick<CanaryEntry, 'tokenRole' | 'databaseRole'>) =>
  databaseRole === undefined ? `auth/token/create/${tokenRole}` : `database/creds/${databaseRole}`

export const looksAt = ({ paths, own }: LearnRules, path: string): boolean =>
  !own.has(path) && (paths.exact.has(path) || paths.beginnings.some(beginning => path.startsWith(beginning)))

type Bag = Record<string, unknown>
/** Our own login, and what it makes, is never ours to end. */
export const isSelf = ({ self }: LearnRules, entity: unknown): boolean =>
  self.entity !== undefined && self.entity !== '' && entity === self.entity

export type Mark = { session: string; task?: string }
/** Without the session in its metadata a token is not ours. */
export const markOf = ({ sessionKey, taskKey, where }: LearnRules, metadata: Bag): Mark | undefined => {
  const session = plainName(metadata[sessionKey])
  if (session === undefined) return undefined
  if (Object.entries(where).some(([key, value]) => metadata[key] !== value)) return undefined
  const task = plainName(metadata[taskKey])
  return { session, ...(task === undefined ? {} : { task }) }
}

export const hmac = /^hmac-sha256:([0-9a-f]{64})$/
/** A name in clear. */
export const plainName = (value: unknown, longest = 256): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest && value.isWellFormed() && !hmac.test(value)
    ? value
    : undefined
