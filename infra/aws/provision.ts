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

/** For a login that contains role sessions. */
export const containerPolicy = () => readFile(path.join(import.meta.dirname, 'policy-curfew-container.json'), 'utf8')

/** Curfew's own logins: one IAM user that ends secrets and reads no value, another one that rotates and ends none. */
export const provisionAws = async (
  aws: AwsAddress,
): Promise<
  Pick<AwsAddress, 'pipelineAccessKeyId' | 'pipelineSecretAccessKey' | 'rotatorAccessKeyId' | 'rotatorSecretAccessKey'>
> => {
  const user = async (file: string) =>
    makeUser(adminLogin(aws), await readFile(path.join(import.meta.dirname, file), 'utf8'))
  const [pipeline, rotator] = [await user('policy-curfew.json'), await user('policy-curfew-rotator.json')]
  return {
    pipelineAccessKeyId: pipeline.accessKeyId,
    pipelineSecretAccessKey: pipeline.secretAccessKey,
    rotatorAccessKeyId: rotator.accessKeyId,
    rotatorSecretAccessKey: rotator.secretAccessKey,
  }
}
