import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { adminLogin } from '../aws/provision.ts'
import { probeVault } from '../vault/probe-vault.ts'
import { type AwsAddress, type ComponentName, componentNames } from './addresses.ts'
import { newAwsAddress } from './aws.ts'
import type { BroughtUp } from './brought-up.ts'
import type { StackEnvironment } from './environment.ts'
import { freePort } from './free-port.ts'
import { givenNames } from './given-names.ts'
import { brokerProperties } from './kafka-properties.ts'
import { newPostgresAddress } from './postgres.ts'
import { requireOpenssl } from './prerequisites.ts'
import { probeAws } from './probe-aws.ts'
import { probeKafka } from './probe-kafka.ts'
import { probePostgres } from './probe-postgres.ts'
import { probeRedis } from './probe-redis.ts'
import { prepareVaultFolder } from './vault-folder.ts'

export type ComposePlan = {
  names: ComponentName[]
  environment: Record<string, string>
  probes: Record<ComponentName, () => Promise<void>>
  up: BroughtUp
}

/** UNTESTED. The folders that docker-compose.yml mounts, and the variables that it asks for. */
export async function planCompose(given: StackEnvironment, dataDir: string): Promise<ComposePlan> {
  await requireOpenssl()
  const ports = { kafka: await freePort(), redis: await freePort(), vault: await freePort() }
  const folder = (name: string) => path.join(dataDir, name)
  for (const name of ['kafka', 'redis']) await mkdir(path.join(folder(name), 'data'), { recursive: true })
  const broker = brokerProperties('/kafka/data', { client: ports.kafka, controller: 9093, host: '0.0.0.0' })
  await writeFile(path.join(folder('kafka'), 'server.properties'), broker)
  const vault = await prepareVaultFolder({
    folder: folder('vault'),
    inside: '/vault',
    listen: '0.0.0.0:8200',
    address: `https://127.0.0.1:${ports.vault}`,
    clusterAddress: 'https://127.0.0.1:8201',
  })
  const postgres = newPostgresAddress(await freePort())
  const aws = newAwsAddress(await freePort())
  const kafkaBrokers = [`127.0.0.1:${ports.kafka}`]
  const redisUrl = `redis://127.0.0.1:${ports.redis}`
  return {
    names: componentNames.filter(name => !givenNames(given).includes(name)),
    environment: {
      CURFEW_COMPOSE_FOLDER: dataDir,
      CURFEW_COMPOSE_USER: `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`,
      CURFEW_COMPOSE_KAFKA_PORT: String(ports.kafka),
      CURFEW_COMPOSE_REDIS_PORT: String(ports.redis),
      CURFEW_COMPOSE_VAULT_PORT: String(ports.vault),
      CURFEW_COMPOSE_POSTGRES_PORT: String(postgres.port),
      CURFEW_COMPOSE_POSTGRES_USER: postgres.adminUser,
      CURFEW_COMPOSE_POSTGRES_PASSWORD: postgres.adminPassword,
      ...awsVariables(aws),
      CURFEW_INITIAL_ADMIN_PASSWORD: vault.login.adminPassword,
    },
    probes: {
      kafka: () => probeKafka(kafkaBrokers),
      redis: () => probeRedis(redisUrl),
      vault: () => probeVault(vault.login),
      postgres: () => probePostgres({ ...postgres, database: 'postgres' }),
      aws: () => probeAws(adminLogin(aws)),
    },
    up: {
      ...(!given.kafkaBrokers && { kafkaBrokers, kafkaDataDir: path.join(folder('kafka'), 'data') }),
      ...(!given.redisUrl && { redisUrl, redisDataDir: path.join(folder('redis'), 'data') }),
      ...(!given.vault && { vault: vault.login, vaultAuditFile: vault.auditFile }),
      ...(!given.postgres && { postgres, ...(!given.vault && { databaseHost: 'postgres:5432' }) }),
      ...(!given.aws && { aws }),
    },
  }
}

const awsVariables = (aws: AwsAddress) => ({
  CURFEW_COMPOSE_AWS_PORT: new URL(aws.endpoint).port,
  CURFEW_COMPOSE_AWS_REGION: aws.region,
  CURFEW_COMPOSE_AWS_ACCESS_KEY_ID: aws.adminAccessKeyId,
  CURFEW_COMPOSE_AWS_SECRET_ACCESS_KEY: aws.adminSecretAccessKey,
})
