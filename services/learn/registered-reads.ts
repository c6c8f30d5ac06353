import type { Config } from '../../schemas/config.ts'
import type { SecretConfig } from '../../schemas/secrets.ts'
import type { AwsStoreConfig } from '../../schemas/store-aws.ts'

const fullArn = /^arn:[\w-]+:secretsmanager:([\w-]+):(\d{12}):secret:([\w/+=.@-]+)-[A-Za-z0-9]{6}$/
const anyArn = /^arn:[\w-]+:secretsmanager:([\w-]+):(\d{12}):secret:([\w/+=.@-]+)$/

/**
 * The names that a secret of this account and region may have been asked for by: its name, its full ARN, or an ARN without AWS's six
 * characters. Whether an ARN is a full one cannot be seen ("prod/api-secret" ends with six): then it is both names.
 */
export const namesAsked = (asked: string): string[] => {
  const whole = anyArn.exec(asked)?.[3]
  if (whole === undefined) return [asked]
  const cut = fullArn.exec(asked)?.[3]
  return cut === undefined ? [whole] : [whole, cut]
}

/** Secrets of the registry that AWS keeps where this store is, whichever instance rotates them. */
export const registeredAt = (
  { secrets, stores }: Pick<Config, 'secrets' | 'stores'>,
  { region, accountId, endpoint }: Pick<AwsStoreConfig, 'region' | 'accountId' | 'endpoint'>,
  tenant: string,
): SecretConfig[] =>
  secrets.filter(secret => {
    const keeper = stores.find(one => one.id === secret.keeper.store)
    if (keeper?.kind !== 'aws-secrets-manager' || secret.tenant !== tenant) return false
    if (keeper.region !== region || keeper.endpoint !== endpoint) return false
    return accountId === undefined || keeper.accountId === undefined || accountId === keeper.accountId
  })

/** By a full ARN where the registry gives one and the record too, else by name. */
export const registeredAs = (secrets: readonly SecretConfig[], asked: string): SecretConfig | undefined =>
  secrets.find(({ keeper: { name } }) => name === asked) ??
  secrets.find(({ keeper: { name } }) => {
    const own = fullArn.exec(name)?.[3] ?? name
    if (!namesAsked(asked).includes(own)) return false
    // Two full ARNs that differ are two secrets of one name, one after the other.
    return !(fullArn.test(name) && fullArn.test(asked) && fullArn.exec(asked)?.[3] === own)
  })
