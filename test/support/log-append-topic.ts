import { Kafka, logLevel } from 'kafkajs'
import { until } from './until.ts'

/** A topic of somebody else's that is read as an input. */
export const createLogAppendTopic = async (brokers: string[], topic: string, partitions = 2): Promise<void> => {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false })
    await until(`topic ${topic}`, async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return topics[0]?.partitions.length === partitions && topics[0].partitions.every(one => one.leader >= 0)
    })
  } finally {
    await admin.disconnect()
  }
}
