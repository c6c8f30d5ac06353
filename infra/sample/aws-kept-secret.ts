import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { awsStoreConfig } from '../../schemas/store-aws.ts'
import { adminLogin } from '../aws/provision.ts'
import { callSecrets } from '../aws/signed-call.ts'
import type { StackAddresses } from '../stack/addresses.ts'

type Data = Record<string, string>

/** A standing secret in Secrets Manager as its owner and its consumers see it: made once by hand, read by name. */
export const awsKeptSecret = async ({ aws }: StackAddresses, name: string, data: Data) => {
  const admin = adminLogin(aws)
  const call = (action: string, input: object) => callSecrets(admin, action, { SecretId: name, ...input })
  await callSecrets(admin, 'CreateSecret', {
    Name: name,
    SecretString: JSON.stringify(data),
    // What Curfew's rotations may touch: infra/aws/policy-curfew-rotator.json.
    Tags: [{ Key: 'curfew-rotated', Value: 'yes' }],
  })
  return {
    name,
    call,
    /** What consumers read: the version under AWSCURRENT. */
    read: async (): Promise<Data> => JSON.parse(String((await call('GetSecretValue', {})).SecretString)) as Data,
    /** Staging labels by version. */
    labels: async (): Promise<Record<string, string[]>> =>
      (await call('DescribeSecret', {})).VersionIdsToStages as Record<string, string[]>,
  }
}
export type AwsKeptSecret = Awaited<ReturnType<typeof awsKeptSecret>>

/** The keeper as Curfew is told of it: an instance of its own, with the login that rotates. */
export const sampleAwsKeeper = ({ aws }: StackAddresses, dir: string): z.input<typeof awsStoreConfig> => {
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  return {
    id: 'aws-rotator',
    kind: 'aws-secrets-manager',
    region: aws.region,
    accountId: aws.accountId,
    endpoint: aws.endpoint,
    accessKeyIdFile: file('aws-rotator-access-key-id', aws.rotatorAccessKeyId),
    secretAccessKeyFile: file('aws-rotator-secret-access-key', aws.rotatorSecretAccessKey),
    rotate: true,
  }
}
