import path from 'node:path'
import type { StackAddresses } from './addresses.ts'
import { socketName } from './stack-folder.ts'

/** The variables that environment.ts reads, so that another process finds the same stack. */
export function environmentOf(addresses: StackAddresses): Record<string, string> {
  const { vault, postgres, aws, dataDir } = addresses
  const login = `${encodeURIComponent(postgres.adminUser)}:${encodeURIComponent(postgres.adminPassword)}`
  return {
    CURFEW_KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
    CURFEW_REDIS_URL: addresses.redisUrl,
    CURFEW_VAULT_ADDR: vault.address,
    CURFEW_VAULT_CACERT: vault.caFile,
    CURFEW_VAULT_ADMIN_USERNAME: vault.adminUsername,
    CURFEW_VAULT_ADMIN_PASSWORD: vault.adminPassword,
    CURFEW_VAULT_ROLE_ID: vault.pipelineRoleId,
    CURFEW_VAULT_SECRET_ID: vault.pipelineSecretId,
    CURFEW_VAULT_ROTATOR_ROLE_ID: vault.rotatorRoleId,
    CURFEW_VAULT_ROTATOR_SECRET_ID: vault.rotatorSecretId,
    CURFEW_POSTGRES_URL: `postgres://${login}@${postgres.host}:${postgres.port}/${postgres.database}`,
    CURFEW_POSTGRES_PROBE_USER: postgres.probeUser,
    CURFEW_POSTGRES_PROBE_PASSWORD: postgres.probePassword,
    CURFEW_AWS_ENDPOINT: aws.endpoint,
    CURFEW_AWS_REGION: aws.region,
    CURFEW_AWS_ACCOUNT_ID: aws.accountId,
    CURFEW_AWS_ADMIN_ACCESS_KEY_ID: aws.adminAccessKeyId,
    CURFEW_AWS_ADMIN_SECRET_ACCESS_KEY: aws.adminSecretAccessKey,
    CURFEW_AWS_ACCESS_KEY_ID: aws.pipelineAccessKeyId,
    CURFEW_AWS_SECRET_ACCESS_KEY: aws.pipelineSecretAccessKey,
    CURFEW_AWS_ROTATOR_ACCESS_KEY_ID: aws.rotatorAccessKeyId,
    CURFEW_AWS_ROTATOR_SECRET_ACCESS_KEY: aws.rotatorSecretAccessKey,
    CURFEW_STACK_DATA_DIR: dataDir,
    CURFEW_STACK_VAULT_AUDIT_FILE: addresses.vaultAuditFile,
    CURFEW_STACK_KAFKA_DATA_DIR: addresses.kafkaDataDir,
    CURFEW_STACK_REDIS_DATA_DIR: addresses.redisDataDir,
    CURFEW_STACK_CONTROL: path.join(dataDir, socketName),
  }
}

export function shellExports(addresses: StackAddresses): string {
  const quote = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`
  return Object.entries(environmentOf(addresses))
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('')
}
