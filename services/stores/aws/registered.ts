import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import { secretArn } from './secret-arn.ts'

/** Why what AWS described is not the secret that the registry names, or cannot be rotated here. Undefined: it can. */
export const whyNot = (
  { ARN = '', Name, PrimaryRegion, DeletedDate }: DescribeSecretCommandOutput,
  name: string,
  { region, accountId }: Pick<AwsStoreConfig, 'region' | 'accountId'>,
): string | undefined => {
  const arn = secretArn(ARN)
  // A partial ARN may be answered with another secret.
  if (ARN !== name && Name !== name) return `AWS described another secret than ${name}: give its name or its full ARN`
  if (!arn) return `AWS described ${name} without a full ARN`
  if (accountId !== undefined && arn.accountId !== accountId)
    return `${name} is in account ${arn.accountId}, this store is ${accountId}`
  if (PrimaryRegion !== undefined && PrimaryRegion !== region)
    return `${name} is a replica: only its primary in ${PrimaryRegion} can be rotated`
  if (arn.region !== region) return `${name} is in ${arn.region}, this store is ${region}`
  return DeletedDate === undefined ? undefined : `the deletion of ${name} is scheduled: restore it first`
}
