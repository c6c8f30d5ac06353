import type { CloudTrailLearn } from '../../schemas/cloudtrail-learn.ts'
import type { AwsStoreConfig } from '../../schemas/store-aws.ts'
import type { Learned, LearnedAt } from './learned.ts'
import { plainName } from './rules.ts'

export type CloudTrailRules = LearnedAt & {
  region: string
  accountId: string | undefined
  roles: ReadonlySet<string>
  sessionName: RegExp
  secrets: readonly string[]
}

export const cloudTrailRules = (store: AwsStoreConfig, learn: CloudTrailLearn): CloudTrailRules => ({
  store: store.id,
  lateMs: 0,
  sessionStart: learn.sessionStart,
  region: store.region,
  accountId: store.accountId,
  roles: new Set(learn.roles),
  sessionName: new RegExp(learn.sessionName),
  secrets: learn.secrets,
})

type Bag = Record<string, unknown>
const bag = (value: unknown): Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {}

/**
 * Who made a secret or read one: never throws, and reads names only. Made by a session: a secret of its own, which is deleted
 * if it carries the store's mark. Read: a version of a shared secret, which needs rotation.
 */
export const readCloudTrail = (rules: CloudTrailRules, record: unknown): Learned[] => {
  const outer = bag(record)
  const event = outer['detail-type'] === undefined ? outer : bag(outer.detail)
  if (event.eventSource !== 'secretsmanager.amazonaws.com' || event.errorCode !== undefined) return []
  if (event.awsRegion !== rules.region) return []
  const holder = holderOf(rules, bag(event.userIdentity))
  const secret = secretOf(rules, event)
  if (!holder || !secret) return []
  const at = typeof event.eventTime === 'string' ? Date.parse(event.eventTime) : Number.NaN
  const base = { id: plainName(event.eventID, 128) ?? 'unnamed', at: at >= 0 ? at : undefined }
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

const secretArn = /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:(?<name>[\w/+=.@-]+)$/
const suffix = /-[A-Za-z0-9]{6}$/

const secretOf = (rules: CloudTrailRules, event: Bag): { kind: SecretKind; handle: string } | undefined => {
  const asked = bag(event.requestParameters)
  if (event.eventName === 'CreateSecret') {
    const answer = bag(event.responseElements)
    const arn = plainName(answer.arn ?? answer.aRN ?? answer.ARN, 600)
    return arn !== undefined && looksAt(rules, arn) ? { kind: 'aws.secret', handle: arn } : undefined
  }
  if (event.eventName !== 'GetSecretValue') return undefined
  const secret = plainName(asked.secretId, 600)
  if (secret === undefined || !looksAt(rules, secret)) return undefined
  const version = plainName(asked.versionId, 64) ?? plainName(asked.versionStage, 64) ?? 'AWSCURRENT'
  return { kind: 'aws.secret-version', handle: `${secret}#${version}` }
}
type SecretKind = 'aws.secret' | 'aws.secret-version'

/** By name, however the secret was named: an ARN ends with six characters of AWS's own. */
const looksAt = ({ secrets }: CloudTrailRules, secret: string): boolean => {
  const name = secretArn.exec(secret)?.groups?.name?.replace(suffix, '') ?? secret
  return secrets.some(one => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
}
