import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { AwsAddress } from '../stack/addresses.ts'
import { type AwsLogin, callIam } from './signed-call.ts'

export type AwsKeys = { accessKeyId: string; secretAccessKey: string }

/** The login with every right: for provisioning and for the sample issuer, never for Curfew itself. */
export const adminLogin = (aws: AwsAddress): AwsLogin => ({
  endpoint: aws.endpoint,
  region: aws.region,
  accessKeyId: aws.adminAccessKeyId,
  secretAccessKey: aws.adminSecretAccessKey,
})

/** An IAM user of its own with one inline policy, and its access key. */
export const makeUser = async (admin: AwsLogin, policy: string, name = `curfew-${randomUUID()}`): Promise<AwsKeys> => {
  await callIam(admin, 'CreateUser', { UserName: name })
  await callIam(admin, 'PutUserPolicy', { UserName: name, PolicyName: 'curfew', PolicyDocument: policy })
  const answer = await callIam(admin, 'CreateAccessKey', { UserName: name })
  const [, accessKeyId] = /<AccessKeyId>([^<]+)</.exec(answer) ?? []
  const [, secretAccessKey] = /<SecretAccessKey>([^<]+)</.exec(answer) ?? []
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new Error('IAM made no access key')
  return { accessKeyId, secretAccessKey }
}

/** Curfew's own login: an IAM user that may do what policy-curfew.json says and nothing else. */
export const provisionAws = async (
  aws: AwsAddress,
): Promise<Pick<AwsAddress, 'pipelineAccessKeyId' | 'pipelineSecretAccessKey'>> => {
  const policy = await readFile(path.join(import.meta.dirname, 'policy-curfew.json'), 'utf8')
  const { accessKeyId, secretAccessKey } = await makeUser(adminLogin(aws), policy)
  return { pipelineAccessKeyId: accessKeyId, pipelineSecretAccessKey: secretAccessKey }
}
