import type { CloudTrailLearn } from '../../schemas/cloudtrail-learn.ts'
import type { SecretConfig } from '../../schemas/secrets.ts'
import type { AwsStoreConfig } from '../../schemas/store-aws.ts'
import type { AskedFor } from '../pipeline/rotation/version-at.ts'
import type { Learned, LearnedAt } from './learned.ts'
import { namesAsked, registeredAs } from './registered-reads.ts'
import { plainName } from './rules.ts'

export type CloudTrailRules = LearnedAt & {
  region: string
  accountId: string | undefined
  roles: ReadonlySet<string>
  sessionName: RegExp
  secrets: readonly string[]
  /** Of the registry: looked at without being named in `secrets`. */
  registered: readonly SecretConfig[]
}

/** Who knows a version of a registered secret: by the version's own id, or by what was the `asked` one at that moment. */
export type KnownVersion = {
  says: 'knows'
  id: string
  /** Epoch ms. Undefined: unreadable. */
  at: number | undefined
  secret: SecretConfig
  version: { id: string } | { asked: AskedFor }
  session: string
  task?: string
}

export const cloudTrailRules = (
  store: AwsStoreConfig,
  learn: CloudTrailLearn,
  registered: readonly SecretConfig[],
): CloudTrailRules => ({
  store: store.id,
  lateMs: 0,
  sessionStart: learn.sessionStart,
  region: store.region,
  accountId: store.accountId,
  roles: new Set(learn.roles),
  sessionName: new RegExp(learn.sessionName),
  secrets: learn.secrets,
  registered,
})

type Bag = Record<string, unknown>
const bag = (value: unknown): Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {}

/**
 * Who made a secret or read one: never throws, and reads names only. Made by a session: a secret of its own, which is deleted
 * if it carries the store's mark. Read: a version of a shared secret. One of the registry is rotated, whoever made it.
 */
export const readCloudTrail = (rules: CloudTrailRules, record: unknown): (Learned | KnownVersion)[] => {
  const outer = bag(record)
  const event = outer['detail-type'] === undefined ? outer : bag(outer.detail)
  if (event.eventSource !== 'secretsmanager.amazonaws.com' || event.errorCode !== undefined) return []
  if (event.awsRegion !== rules.region) return []
  const holder = holderOf(rules, bag(event.userIdentity))
  const at = typeof event.eventTime === 'string' ? Date.parse(event.eventTime) : Number.NaN
  const base = { id: plainName(event.eventID, 128) ?? 'unnamed', at: at >= 0 ? at : undefined }
  const known = holder && knownOf(rules, event)
  if (known) return [{ ...base, says: 'knows', ...known, ...holder }]
  const secret = holder && secretOf(rules, event)
  if (!secret) return []
  return [{ ...base, says: 'granted', ...secret, ...holder, fingerprints: [], renewable: true }]
}

const assumed = /^arn:[\w-]+:sts::(?<account>\d{12}):assumed-role\/(?<role>[^/]+)\/(?<name>.+)$/

/** The role session's name is what an orchestrator chose when it assumed the role for the agent. */
const holderOf = (rules: CloudTrailRules, identity: Bag): { session: string; task?: string } | undefined => {
  const text = plainName(identity.arn, 2_048)
  const { account, role = '', name = '' } = assumed.exec(text ?? '')?.groups ?? {}
  if (identity.type !== 'AssumedRole' || !rules.roles.has(role)) return undefined
  if (rules.accountId !== undefined && account !== rules.accountId) return undefined
  const { session, task } = rules.sessionName.exec(name)?.groups ?? {}
  if (!session) return undefined
  return { session, ...(task ? { task } : {}) }
}

const knownOf = (rules: CloudTrailRules, event: Bag): Pick<KnownVersion, 'secret' | 'version'> | undefined => {
  const asked = bag(event.requestParameters)
  const made = event.eventName === 'CreateSecret'
  if (!made && event.eventName !== 'GetSecretValue') return undefined
  const answer = bag(event.responseElements)
  const name = plainName(made ? (arnIn(answer) ?? asked.name) : asked.secretId, 600)
  const secret = name === undefined ? undefined : registeredAs(rules.registered, name)
  if (!secret) return undefined
  const id = plainName(made ? (answer.versionId ?? asked.clientRequestToken) : asked.versionId, 64)
  return { secret, version: id === undefined ? { asked: labels[String(asked.versionStage)] ?? 'current' } : { id } }
}
/** Of a label that nobody but its owner understands the current version is meant, for want of better. */
const labels: Record<string, AskedFor> = { AWSPREVIOUS: 'previous', AWSPENDING: 'pending' }
const arnIn = (answer: Bag): unknown => answer.arn ?? answer.aRN ?? answer.ARN

const secretOf = (rules: CloudTrailRules, event: Bag): { kind: SecretKind; handle: string } | undefined => {
  const asked = bag(event.requestParameters)
  if (event.eventName === 'CreateSecret') {
    const arn = plainName(arnIn(bag(event.responseElements)), 600)
    return arn !== undefined && looksAt(rules, arn) ? { kind: 'aws.secret', handle: arn } : undefined
  }
  if (event.eventName !== 'GetSecretValue') return undefined
  const secret = plainName(asked.secretId, 600)
  if (secret === undefined || !looksAt(rules, secret)) return undefined
  const version = plainName(asked.versionId, 64) ?? plainName(asked.versionStage, 64) ?? 'AWSCURRENT'
  return { kind: 'aws.secret-version', handle: `${secret}#${version}` }
}
type SecretKind = 'aws.secret' | 'aws.secret-version'

/** By name, however the secret was named. */
const looksAt = ({ secrets }: CloudTrailRules, asked: string): boolean => {
  const name = namesAsked(asked).at(-1) ?? asked
  return secrets.some(one => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
}
