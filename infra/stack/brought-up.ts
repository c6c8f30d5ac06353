import type { AwsAddress, PostgresAddress } from './addresses.ts'
import type { VaultLogin } from './vault-folder.ts'

/** What a start brings up, and where it answers; a part that the environment gave is not in it. */
export type BroughtUp = {
  kafkaBrokers?: string[]
  redisUrl?: string
  vault?: VaultLogin
  postgres?: PostgresAddress
  aws?: AwsAddress
  vaultAuditFile?: string
  kafkaDataDir?: string
  redisDataDir?: string
  /** How Vault reaches PostgreSQL when that is not how we reach it. */
  databaseHost?: string
}
