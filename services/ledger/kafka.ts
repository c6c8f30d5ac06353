import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { stopIdleTimers } from './kafkajs-idle-timers.ts'

/**
 * kafkajs with bounded waits. Brokers that are down fail a call within seconds instead of holding it: what is due goes on
 * dying meanwhile, and its receipts follow.
 */
export const connectKafka = (
  brokers: string[],
  clientId: string,
  log: (entry: { level: number; namespace: string; message: string }) => void = () => undefined,
  extra: Partial<KafkaConfig> = {},
): Kafka => {
  stopIdleTimers()
  return new Kafka({
    clientId,
    brokers,
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 3 },
    logLevel: logLevel.WARN,
    logCreator: () => entry => {
      const { message, error, broker } = entry.log as { message: string; error?: string; broker?: string }
      const text = [message, error, broker].filter(part => part !== undefined && part !== '').join(': ')
      log({ level: entry.level, namespace: entry.namespace, message: text })
    },
    ...extra,
  })
}

/** An admin client whose calls end within seconds. */
export const connectAdmin = async (kafka: Kafka): Promise<Admin> => {
  const admin = kafka.admin({ retry: { retries: 2, initialRetryTime: 100 } })
  await admin.connect()
  return admin
}
