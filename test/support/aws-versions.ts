import { randomUUID } from 'node:crypto'

/**
 * A STAND-IN for the versions and labels of AWS Secrets Manager, as AWS documents them and the emulator does not do them: a second value
 * under one ClientRequestToken is refused, an empty version waits under AWSPENDING, RotateSecret refuses while one does. None of it
 * was seen at AWS.
 */
export type AwsVersion = { text: string | undefined; createdAt: number; labels: Set<string> }
export type AwsSecret = {
  arn: string
  name: string
  versions: Map<string, AwsVersion>
  changedAt: number
  rotationEnabled: boolean
}
export type AwsAnswer = { status: number; body: object }
type Input = Record<string, unknown>

export const awsError = (type: string, message = 'told by the stand-in', status = 400): AwsAnswer => ({
  status,
  body: { __type: type, Message: message, message },
})
const ok = (body: object): AwsAnswer => ({ status: 200, body })
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

export const newSecret = (value: string | undefined, name = `rotated/${randomUUID()}`): AwsSecret => ({
  arn: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-a1B2c3`,
  name,
  versions: new Map([
    [`first-${randomUUID()}`, { text: value, createdAt: Date.now() - 60_000, labels: new Set(['AWSCURRENT']) }],
  ]),
  changedAt: Date.now() - 60_000,
  rotationEnabled: false,
})

export const holderOf = ({ versions }: AwsSecret, label: string): string | undefined =>
  [...versions].find(([, { labels }]) => labels.has(label))?.[0]

const describe = (secret: AwsSecret): AwsAnswer => {
  const labelled = [...secret.versions].filter(([, { labels }]) => labels.size > 0)
  const VersionIdsToStages = Object.fromEntries(labelled.map(([id, { labels }]) => [id, [...labels]]))
  const { arn: ARN, name: Name, changedAt, rotationEnabled: RotationEnabled } = secret
  return ok({ ARN, Name, VersionIdsToStages, RotationEnabled, LastChangedDate: changedAt / 1_000 })
}

const getValue = (secret: AwsSecret, input: Input): AwsAnswer => {
  const id = text(input.VersionId) ?? holderOf(secret, text(input.VersionStage) ?? 'AWSCURRENT')
  const version = secret.versions.get(id ?? '')
  if (version?.text === undefined) return awsError('ResourceNotFoundException')
  const { text: SecretString, createdAt, labels } = version
  return ok({
    ARN: secret.arn,
    VersionId: id,
    SecretString,
    CreatedDate: createdAt / 1_000,
    VersionStages: [...labels],
  })
}

const putValue = (secret: AwsSecret, input: Input): AwsAnswer => {
  const id = text(input.ClientRequestToken) ?? randomUUID()
  const before = secret.versions.get(id)
  if (before?.text !== undefined && before.text !== input.SecretString) return awsError('ResourceExistsException')
  const labels = (input.VersionStages as string[] | undefined) ?? ['AWSCURRENT']
  const version = before ?? { text: undefined, createdAt: Date.now(), labels: new Set<string>() }
  secret.versions.set(id, version)
  version.text = text(input.SecretString)
  for (const label of labels) moveLabel(secret, label, id)
  return ok({ ARN: secret.arn, VersionId: id, VersionStages: labels })
}

/** AWSPREVIOUS follows AWSCURRENT by itself. */
export const moveLabel = (secret: AwsSecret, label: string, to: string | undefined): void => {
  const from = holderOf(secret, label)
  secret.changedAt = Date.now()
  if (from === to) return
  secret.versions.get(from ?? '')?.labels.delete(label)
  secret.versions.get(to ?? '')?.labels.add(label)
  if (label === 'AWSCURRENT' && from !== undefined) moveLabel(secret, 'AWSPREVIOUS', from)
}

const updateStage = (secret: AwsSecret, input: Input): AwsAnswer => {
  const [label = '', to, from] = [input.VersionStage, input.MoveToVersionId, input.RemoveFromVersionId].map(text)
  const at = holderOf(secret, label)
  if (to !== undefined && !secret.versions.has(to)) return awsError('ResourceNotFoundException')
  if (from !== at && (from !== undefined || (at !== undefined && at !== to)))
    return awsError('InvalidParameterException', `the label is on ${at}`)
  if (to === undefined && label === 'AWSCURRENT') return awsError('InvalidParameterException', 'it can only be moved')
  moveLabel(secret, label, to)
  return ok({ ARN: secret.arn })
}

const rotate = (secret: AwsSecret, input: Input): AwsAnswer => {
  const id = text(input.ClientRequestToken) ?? randomUUID()
  const [pending, current] = [holderOf(secret, 'AWSPENDING'), holderOf(secret, 'AWSCURRENT')]
  if (pending !== undefined && pending !== current && pending !== id)
    return awsError('InvalidRequestException', "a previous rotation isn't complete")
  if (!secret.versions.has(id)) secret.versions.set(id, { text: undefined, createdAt: Date.now(), labels: new Set() })
  secret.rotationEnabled = true
  moveLabel(secret, 'AWSPENDING', id)
  return ok({ ARN: secret.arn, VersionId: id })
}

export const awsActions = {
  DescribeSecret: describe,
  GetSecretValue: getValue,
  PutSecretValue: putValue,
  UpdateSecretVersionStage: updateStage,
  RotateSecret: rotate,
}
export type AwsAction = keyof typeof awsActions
