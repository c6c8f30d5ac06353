/**
 * What every Kafka consumer of ours has in common. A dead member is noticed within 6 s: kafkajs's 30 s would spend the bound of
 * a credential. It never starts itself again in silence: a crash is told, and ends the process.
 */
export const consumerSettings = {
  sessionTimeout: 6_000,
  heartbeatInterval: 1_000,
  maxWaitTimeInMs: 100,
  retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
}
/** Of those that share a group's partitions. */
export const memberSettings = { ...consumerSettings, rebalanceTimeout: 6_000 }
