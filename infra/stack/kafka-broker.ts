import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Launch } from './component.ts'
import type { Installed } from './install-components.ts'
import { brokerProperties, type KafkaPorts } from './kafka-properties.ts'
import { runCommand } from './run-command.ts'

/** Formats a new log folder, so that each stack is a cluster with an id of its own. */
export async function prepareBroker(
  installed: Installed,
  folder: string,
  ports: KafkaPorts,
  archiveFlags: string[],
): Promise<Launch> {
  const dataDir = path.join(folder, 'data')
  const configFile = path.join(folder, 'server.properties')
  await mkdir(dataDir, { recursive: true })
  await writeFile(configFile, brokerProperties(dataDir, ports))
  const flags = javaFlags(installed)
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', configFile, '--standalone']
  const sharing = archiveFlags.filter(flag => !flag.includes('ArchiveClassesAtExit'))
  await runCommand({ command: installed.java, args: [...sharing, ...flags, ...format] }, { cwd: folder })
  return {
    command: installed.java,
    args: [...archiveFlags, ...flags, 'kafka.Kafka', configFile],
    folder,
    logFile: path.join(folder, 'kafka.log'),
    endSignal: 'SIGKILL',
  }
}

function clusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'x')
}

function javaFlags(installed: Installed): string[] {
  const logging = ['showDateTime=true', 'dateTimeFormat=HH:mm:ss.SSS', 'defaultLogLevel=warn', 'log.kafka.server=info']
  return [
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xms256m', '-Xmx512m', '-XX:+ExitOnOutOfMemoryError'],
    ...logging.map(setting => `-Dorg.slf4j.simpleLogger.${setting}`),
    ...['-cp', path.join(installed.jars, '*')],
  ]
}
