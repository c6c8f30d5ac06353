import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { type AwsKeys, adminLogin, makeUser } from '../../infra/aws/provision.ts'
import { callSecrets } from '../../infra/aws/signed-call.ts'
import type { StackAddresses } from '../../infra/stack/addresses.ts'
import { awsStoreConfig } from '../../schemas/store-aws.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { openStore } from '../../services/stores/registry.ts'
import type { OnCall } from '../../services/stores/store-parts.ts'

/** AWS stores, each with a Redis connection and a budget of its own. */
export const awsStores = async (redisUrl: string) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'curfew-aws-'))
  const stores: Store[] = []
  const connections: Redis[] = []
  const file = async (text: string) => {
    const name = path.join(folder, randomUUID())
    await writeFile(name, text, { mode: 0o600 })
    return name
  }
  return {
    folder,
    open: async (keys: AwsKeys, changes: Record<string, unknown>, onCall?: OnCall): Promise<Store> => {
      const redis = new Redis(redisUrl)
      connections.push(redis)
      const config = awsStoreConfig.parse({
        id: 'aws-local',
        kind: 'aws-secrets-manager',
        region: 'eu-central-1',
        accessKeyIdFile: await file(keys.accessKeyId),
        secretAccessKeyFile: await file(keys.secretAccessKey),
        ...changes,
      })
      const redisPrefix = `test-${randomUUID().slice(0, 8)}`
      const store = openStore(config, {
        redis,
        redisPrefix,
        log: () => undefined,
        sealing: { seal: () => ({ id: '', blob: '' }), open: () => undefined },
        onCall,
      })
      stores.push(store)
      return store
    },
    close: async () => {
      await Promise.all(stores.map(store => store.close()))
      await Promise.all(connections.map(redis => redis.quit()))
      await rm(folder, { recursive: true })
    },
  }
}

/** The emulator: Curfew's own user under its real policy, and an owner who makes and reads secrets. */
export const awsEmulator = async (addresses: StackAddresses) => {
  const { aws, redisUrl } = addresses
  const admin = adminLogin(aws)
  const stores = await awsStores(redisUrl)
  const own = { accessKeyId: aws.pipelineAccessKeyId, secretAccessKey: aws.pipelineSecretAccessKey }
  const base = { endpoint: aws.endpoint, region: aws.region, accountId: aws.accountId }
  const call = (action: string, input: object) => callSecrets(admin, action, input)
  return {
    own,
    rotator: { accessKeyId: aws.rotatorAccessKeyId, secretAccessKey: aws.rotatorSecretAccessKey },
    call,
    callAs: (keys: AwsKeys, action: string, input: object) => callSecrets({ ...admin, ...keys }, action, input),
    open: (changes: Record<string, unknown> = {}, keys: AwsKeys = own) => stores.open(keys, { ...base, ...changes }),
    user: (policy: object) => makeUser(admin, JSON.stringify(policy)),
    /** Its ARN and its value. */
    secret: async (tags: Record<string, string> = { 'curfew-session': 's' }, name = `agent/${randomUUID()}`) => {
      const value = `value-${randomUUID()}`
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const { ARN, VersionId } = await call('CreateSecret', { Name: name, SecretString: value, Tags })
      return { arn: String(ARN), version: String(VersionId), name, value }
    },
    /** Can its holder still read it? */
    readable: async (arn: string, value: string): Promise<boolean> => {
      const read = await call('GetSecretValue', { SecretId: arn }).catch((error: Error) => error.message)
      if (typeof read === 'object') return read.SecretString === value
      if (read.includes('ResourceNotFoundException')) return false
      throw new Error(read)
    },
    close: stores.close,
  }
}
export type AwsEmulator = Awaited<ReturnType<typeof awsEmulator>>
