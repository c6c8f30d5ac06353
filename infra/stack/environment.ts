import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import type { AwsAddress, PostgresAddress, VaultAddress } from './addresses.ts'
import { runsAsRoot } from './postgres-identity.ts'

/** What the environment says about the stack. The only file here that reads process.env. */
export type StackEnvironment = {
  kafkaBrokers: string[] | undefined
  redisUrl: string | undefined
  vault:
    | (Omit<VaultAddress, 'pipelineRoleId' | 'pipelineSecretId' | 'rotatorRoleId' | 'rotatorSecretId'> &
        Partial<VaultAddress>)
    | undefined
  postgres: PostgresAddress | undefined
  aws: AwsAddress | undefined
  folders: { dataDir: string; vaultAuditFile: string; kafkaDataDir: string; redisDataDir: string }
  controlSocket: string | undefined
  useContainers: boolean
  cacheFolder: string
}

const text = z.string().min(1).optional()
const variables = z.object({
  CURFEW_KAFKA_BROKERS: text,
  CURFEW_REDIS_URL: text,
  CURFEW_VAULT_ADDR: text,
  CURFEW_VAULT_CACERT: text,
  CURFEW_VAULT_ADMIN_USERNAME: text,
  CURFEW_VAULT_ADMIN_PASSWORD: text,
  CURFEW_VAULT_ROLE_ID: text,
  CURFEW_VAULT_SECRET_ID: text,
  CURFEW_VAULT_ROTATOR_ROLE_ID: text,
  CURFEW_VAULT_ROTATOR_SECRET_ID: text,
  CURFEW_POSTGRES_URL: text,
  CURFEW_POSTGRES_PROBE_USER: text,
  CURFEW_POSTGRES_PROBE_PASSWORD: text,
  CURFEW_AWS_ENDPOINT: text,
  CURFEW_AWS_REGION: text,
  CURFEW_AWS_ACCOUNT_ID: text,
  CURFEW_AWS_ADMIN_ACCESS_KEY_ID: text,
  CURFEW_AWS_ADMIN_SECRET_ACCESS_KEY: text,
  CURFEW_AWS_ACCESS_KEY_ID: text,
  CURFEW_AWS_SECRET_ACCESS_KEY: text,
  CURFEW_AWS_ROTATOR_ACCESS_KEY_ID: text,
  CURFEW_AWS_ROTATOR_SECRET_ACCESS_KEY: text,
  CURFEW_STACK_DATA_DIR: text,
  CURFEW_STACK_VAULT_AUDIT_FILE: text,
  CURFEW_STACK_KAFKA_DATA_DIR: text,
  CURFEW_STACK_REDIS_DATA_DIR: text,
  CURFEW_STACK_CONTROL: text,
  CURFEW_STACK: z.enum(['local', 'containers']).optional(),
  CURFEW_CACHE: text,
  XDG_CACHE_HOME: text,
})
type Variables = z.infer<typeof variables>

export function readStackEnvironment(): StackEnvironment {
  const set = variables.parse(process.env)
  return {
    kafkaBrokers: set.CURFEW_KAFKA_BROKERS?.split(',').map(broker => broker.trim()),
    redisUrl: set.CURFEW_REDIS_URL,
    vault: givenVault(set),
    postgres: givenPostgres(set),
    aws: givenAws(set),
    folders: {
      dataDir: set.CURFEW_STACK_DATA_DIR ?? '',
      vaultAuditFile: set.CURFEW_STACK_VAULT_AUDIT_FILE ?? '',
      kafkaDataDir: set.CURFEW_STACK_KAFKA_DATA_DIR ?? '',
      redisDataDir: set.CURFEW_STACK_REDIS_DATA_DIR ?? '',
    },
    controlSocket: set.CURFEW_STACK_CONTROL,
    useContainers: set.CURFEW_STACK === 'containers',
    cacheFolder: cacheFolder(set),
  }
}

/** For child processes: everything but our own variables, which may hold passwords that they do not need. */
export function environmentForChildren(extra: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('CURFEW_') && name !== 'NODE_OPTIONS')
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...extra }
}

function givenVault(set: Variables): StackEnvironment['vault'] {
  if (set.CURFEW_VAULT_ADDR === undefined) return undefined
  return {
    address: set.CURFEW_VAULT_ADDR,
    caFile: set.CURFEW_VAULT_CACERT ?? '',
    adminUsername: set.CURFEW_VAULT_ADMIN_USERNAME ?? '',
    adminPassword: set.CURFEW_VAULT_ADMIN_PASSWORD ?? '',
    ...(set.CURFEW_VAULT_ROLE_ID && { pipelineRoleId: set.CURFEW_VAULT_ROLE_ID }),
    ...(set.CURFEW_VAULT_SECRET_ID && { pipelineSecretId: set.CURFEW_VAULT_SECRET_ID }),
    ...(set.CURFEW_VAULT_ROTATOR_ROLE_ID && { rotatorRoleId: set.CURFEW_VAULT_ROTATOR_ROLE_ID }),
    ...(set.CURFEW_VAULT_ROTATOR_SECRET_ID && { rotatorSecretId: set.CURFEW_VAULT_ROTATOR_SECRET_ID }),
  }
}

function givenPostgres(set: Variables): PostgresAddress | undefined {
  if (set.CURFEW_POSTGRES_URL === undefined) return undefined
  const url = new URL(set.CURFEW_POSTGRES_URL)
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    database: url.pathname.slice(1) || 'app',
    adminUser: decodeURIComponent(url.username),
    adminPassword: decodeURIComponent(url.password),
    probeUser: set.CURFEW_POSTGRES_PROBE_USER ?? '',
    probePassword: set.CURFEW_POSTGRES_PROBE_PASSWORD ?? '',
  }
}

function givenAws(set: Variables): AwsAddress | undefined {
  if (set.CURFEW_AWS_ENDPOINT === undefined) return undefined
  return {
    endpoint: set.CURFEW_AWS_ENDPOINT,
    region: set.CURFEW_AWS_REGION ?? 'us-east-1',
    accountId: set.CURFEW_AWS_ACCOUNT_ID ?? '000000000000',
    // What emulators accept when nothing else is configured.
    adminAccessKeyId: set.CURFEW_AWS_ADMIN_ACCESS_KEY_ID ?? 'test',
    adminSecretAccessKey: set.CURFEW_AWS_ADMIN_SECRET_ACCESS_KEY ?? 'test',
    pipelineAccessKeyId: set.CURFEW_AWS_ACCESS_KEY_ID ?? '',
    pipelineSecretAccessKey: set.CURFEW_AWS_SECRET_ACCESS_KEY ?? '',
    rotatorAccessKeyId: set.CURFEW_AWS_ROTATOR_ACCESS_KEY_ID ?? '',
    rotatorSecretAccessKey: set.CURFEW_AWS_ROTATOR_SECRET_ACCESS_KEY ?? '',
  }
}

/** Root's home is closed to the uid that PostgreSQL must run under, hence the other default for root. */
function cacheFolder(set: Variables): string {
  if (set.CURFEW_CACHE) return path.resolve(set.CURFEW_CACHE)
  if (runsAsRoot()) return '/var/cache/curfew'
  return path.join(set.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'curfew')
}
