import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { adminLogin } from '../aws/provision.ts'
import { callSecrets } from '../aws/signed-call.ts'
import { connectVaultAdmin } from '../vault/admin-client.ts'
import type { ComponentName, StackAddresses } from './addresses.ts'

/** For tests: writes a mark into a component and reads it back, each time over a new connection. */
export type Memory = { write: (mark: string) => Promise<void>; read: () => Promise<string | null | undefined> }

/** What has forgotten everything when it comes back after kill -9. */
export const forgetful: readonly ComponentName[] = ['aws']

export const memories: Record<ComponentName, (addresses: StackAddresses) => Memory> = {
  redis: ({ redisUrl }) => {
    const use = async <T>(work: (redis: Redis) => Promise<T>) => {
      const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null })
      redis.on('error', () => {})
      await redis.connect()
      return work(redis).finally(() => redis.disconnect())
    }
    return {
      write: async mark => void (await use(redis => redis.set('mark', mark))),
      read: () => use(redis => redis.get('mark')),
    }
  },
  postgres: ({ postgres }) => {
    const query = async (text: string, values: string[] = []) => {
      const { host, port, database, adminUser: user, adminPassword: password } = postgres
      const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 1_000 })
      await client.connect()
      return client.query<{ opens: string }>(text, values).finally(() => client.end())
    }
    const insert = `INSERT INTO door VALUES ('mark', $1) ON CONFLICT (name) DO UPDATE SET opens = $1`
    return {
      write: async mark => void (await query(insert, [mark])),
      read: async () => (await query(`SELECT opens FROM door WHERE name = 'mark'`)).rows[0]?.opens,
    }
  },
  vault: ({ vault }) => ({
    write: async mark => {
      const admin = await connectVaultAdmin(vault)
      await admin.call('POST', 'secret/data/mark', { data: { mark } }).finally(admin.close)
    },
    read: async () => {
      const admin = await connectVaultAdmin(vault)
      const answer = await admin.call('GET', 'secret/data/mark').finally(admin.close)
      return (answer.body.data as { data: { mark: string } }).data.mark
    },
  }),
  aws: ({ aws }) => ({
    write: async mark =>
      void (await callSecrets(adminLogin(aws), 'CreateSecret', { Name: 'mark', SecretString: mark })),
    read: async () => {
      const { SecretList } = await callSecrets(adminLogin(aws), 'ListSecrets', {})
      if (!(SecretList as { Name: string }[]).some(one => one.Name === 'mark')) return undefined
      return (await callSecrets(adminLogin(aws), 'GetSecretValue', { SecretId: 'mark' })).SecretString as string
    },
  }),
  kafka: ({ kafkaBrokers }) => {
    const kafka = new Kafka({ brokers: kafkaBrokers, logLevel: logLevel.NOTHING })
    return { write: mark => produceMark(kafka, mark), read: () => consumeMark(kafka) }
  },
}

async function produceMark(kafka: Kafka, mark: string): Promise<void> {
  const [admin, producer] = [kafka.admin(), kafka.producer({ allowAutoTopicCreation: false })]
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createTopics({ topics: [{ topic: 'mark', numPartitions: 1 }] })
  await producer.send({ topic: 'mark', messages: [{ value: mark }] })
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

async function consumeMark(kafka: Kafka): Promise<string | undefined> {
  const consumer = kafka.consumer({ groupId: randomUUID() })
  await consumer.connect()
  await consumer.subscribe({ topic: 'mark', fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  await consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
  return promise.finally(() => consumer.disconnect())
}
