export const componentNames = ['kafka', 'redis', 'vault', 'postgres', 'aws'] as const
export type ComponentName = (typeof componentNames)[number]

export type VaultAddress = {
  address: string
  caFile: string
  /** Userpass login with every right: for provisioning and for the sample issuer, never for Curfew itself. */
  adminUsername: string
  adminPassword: string
  /** AppRole login of Curfew itself. */
  pipelineRoleId: string
  pipelineSecretId: string
  /** AppRole login of Curfew's rotations. */
  rotatorRoleId: string
  rotatorSecretId: string
}

export type PostgresAddress = {
  host: string
  port: number
  database: string
  adminUser: string
  adminPassword: string
  probeUser: string
  probePassword: string
}

export type AwsAddress = {
  endpoint: string
  region: string
  accountId: string
  /** Root of the emulated account: for provisioning and for the sample issuer, never for Curfew itself. */
  adminAccessKeyId: string
  adminSecretAccessKey: string
  /** IAM user of Curfew itself. */
  pipelineAccessKeyId: string
  pipelineSecretAccessKey: string
  /** IAM user of Curfew's rotations. */
  rotatorAccessKeyId: string
  rotatorSecretAccessKey: string
}

export type StackAddresses = {
  kafkaBrokers: string[]
  redisUrl: string
  vault: VaultAddress
  postgres: PostgresAddress
  aws: AwsAddress
  dataDir: string
  vaultAuditFile: string
  kafkaDataDir: string
  redisDataDir: string
}
