import { randomUUID } from 'node:crypto'
import { adminLogin } from '../aws/provision.ts'
import { callIam, callSecrets, signedCall } from '../aws/signed-call.ts'
import type { AwsAddress } from '../stack/addresses.ts'

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken: string }
export type SampleRoleSession = Keys & {
  handle: string
  expiresAt: number
  /** What its holder sees when he reads a secret with it. */
  reads(): Promise<'accepted' | 'refused' | string>
}
export type SampleRole = Awaited<ReturnType<typeof sampleRole>>

const policy = (Action: string, Principal?: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, ...(Principal ? { Principal } : { Resource: '*' }) }],
  })

/** A platform that gives its agents sessions of a role which may read secrets. It knows AWS, and nothing of Curfew's inside. */
export const sampleRole = async (aws: AwsAddress, role = `agent-${randomUUID().slice(0, 8)}`) => {
  const admin = adminLogin(aws)
  const { ARN } = await callSecrets(admin, 'CreateSecret', { Name: `shared/${randomUUID()}`, SecretString: '{}' })
  const trust = policy('sts:AssumeRole', { AWS: `arn:aws:iam::${aws.accountId}:root` })
  const made = () => callIam(admin, 'CreateRole', { RoleName: role, AssumeRolePolicyDocument: trust })
  await made()
  const own = policy('secretsmanager:*')
  await callIam(admin, 'PutRolePolicy', { RoleName: role, PolicyName: 'app', PolicyDocument: own })
  const policies = async () => {
    const listed = await callIam(admin, 'ListRolePolicies', { RoleName: role })
    return [...listed.matchAll(/<member>([^<]+)<\/member>/g)].map(([, name = '']) => name)
  }
  return {
    role,
    own,
    policies,
    policy: async (name: string): Promise<string> => {
      const text = await callIam(admin, 'GetRolePolicy', { RoleName: role, PolicyName: name })
      return decodeURIComponent(/<PolicyDocument>([^<]+)</.exec(text)?.[1] ?? '')
    },
    remove: (name: string) => callIam(admin, 'DeleteRolePolicy', { RoleName: role, PolicyName: name }),
    assume: async (name: string, durationMs = 3_600_000): Promise<SampleRoleSession> => {
      const body = new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: `arn:aws:iam::${aws.accountId}:role/${role}`,
        RoleSessionName: name,
        DurationSeconds: String(durationMs / 1_000),
      }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const { status, text } = await signedCall(admin, { service: 'sts', headers, body })
      if (status !== 200) throw new Error(`STS answered ${status}: ${text}`)
      const field = (tag: string) => new RegExp(`<${tag}>([^<]+)<`).exec(text)?.[1] ?? ''
      const keys = {
        accessKeyId: field('AccessKeyId'),
        secretAccessKey: field('SecretAccessKey'),
        sessionToken: field('SessionToken'),
      }
      const expiresAt = Date.parse(field('Expiration'))
      const issued = new Date(expiresAt - durationMs).toISOString().slice(0, 19)
      return {
        ...keys,
        handle: `${field('Arn')}@${issued}Z`,
        expiresAt,
        reads: () => reads({ ...aws, ...keys }, String(ARN)),
      }
    },
  }
}

const reads = async (login: Pick<AwsAddress, 'endpoint' | 'region'> & Keys, secret: string) => {
  const { status, text } = await signedCall(login, {
    service: 'secretsmanager',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
      'x-amz-security-token': login.sessionToken,
    },
    body: JSON.stringify({ SecretId: secret }),
  })
  if (status === 200) return 'accepted'
  return /AccessDenied/.test(text) ? 'refused' : `${status} ${text}`
}
