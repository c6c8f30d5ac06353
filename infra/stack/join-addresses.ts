import type { StackAddresses } from './addresses.ts'
import type { BroughtUp } from './brought-up.ts'
import type { StackEnvironment } from './environment.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

/** What was given goes before what was brought up. */
export function joinAddresses(given: StackEnvironment, up: BroughtUp, dataDir: string): StackAddresses {
  return {
    kafkaBrokers: present('Kafka', given.kafkaBrokers ?? up.kafkaBrokers),
    redisUrl: present('Redis', given.redisUrl ?? up.redisUrl),
    vault: {
      pipelineRoleId: '',
      pipelineSecretId: '',
      rotatorRoleId: '',
      rotatorSecretId: '',
      ...present('Vault', given.vault ?? up.vault),
    },
    postgres: present('PostgreSQL', given.postgres ?? up.postgres),
    aws: present('AWS', given.aws ?? up.aws),
    dataDir,
    vaultAuditFile: up.vaultAuditFile ?? given.folders.vaultAuditFile,
    kafkaDataDir: up.kafkaDataDir ?? given.folders.kafkaDataDir,
    redisDataDir: up.redisDataDir ?? given.folders.redisDataDir,
  }
}

function present<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new StackFailure(`${name} has no address`, exitUnavailable)
  return value
}
