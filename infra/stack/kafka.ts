import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { randomBytes } from 'node:crypto'
import type { Installed } from './install-components.ts'
import { kafkaArchiveFlags } from './kafka-archive.ts'
import type { LocalPlan } from './local-component.ts'
import { probeKafka } from './probe-kafka.ts'
import { runCommand } from './run-command.ts'

export type KafkaPorts = { client: number; controller: number }

export async function planKafka(installed: Installed, cacheFolder: string, folder: string, ports: KafkaPorts): Promise<LocalPlan> {
  const dataDir = path.join(folder, 'data')
  const configFile = path.join(folder, 'server.properties')
  await mkdir(dataDir, { recursive: true })
  await writeFile(configFile, brokerProperties(dataDir, ports))
  const flags = javaFlags(installed, await kafkaArchiveFlags(installed, cacheFolder))
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', configFile, '--standalone']
  await runCommand(installed.java, [...flags, ...format], { cwd: folder })
  return {
    name: 'kafka',
    launch: {
      command: installed.java,
      args: [...flags, 'kafka.Kafka', configFile],
      folder,
      logFile: path.join(folder, 'kafka.log'),
      endSignal: 'SIGKILL',
    },
    probe: () => probeKafka([`127.0.0.1:${ports.client}`]),
  }
}

function clusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'x')
}

export function javaFlags(installed: Pick<Installed, 'jars'>, archiveFlags: string[]): string[] {
  const logging = ['showDateTime=true', 'dateTimeFormat=HH:mm:ss.SSS', 'defaultLogLevel=warn', 'log.kafka.server=info']
  return [
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xms256m', '-Xmx512m', '-XX:+ExitOnOutOfMemoryError'],
    ...archiveFlags,
    ...logging.map(setting => `-Dorg.slf4j.simpleLogger.${setting}`),
    ...['-cp', `${installed.jars}/*`],
  ]
}

/** One node for tests: quick to come back after kill -9, quick to compact, and it creates no topic on its own. */
export function brokerProperties(dataDir: string, ports: KafkaPorts): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.client}`,
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
