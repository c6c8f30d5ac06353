/** `host` is where the broker listens; clients always reach it at 127.0.0.1, on the same port. */
export type KafkaPorts = { client: number; controller: number; host?: string }

/** One node for tests: quick to come back after kill -9, quick to compact, and it creates no topic on its own. */
export function brokerProperties(dataDir: string, { client, controller, host = '127.0.0.1' }: KafkaPorts): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${host}:${client},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${client}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDir,
    'broker.session.timeout.ms': 1500,
    'broker.heartbeat.interval.ms': 300,
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'offsets.retention.minutes': 20160,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 2,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'log.cleaner.backoff.ms': 500,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'log.retention.check.interval.ms': 5000,
    'num.network.threads': 2,
    'num.io.threads': 4,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
