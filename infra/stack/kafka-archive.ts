import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from './free-port.ts'
import type { Installed } from './install-components.ts'
import { installAll } from './install-once.ts'
import { prepareBroker } from './kafka-broker.ts'
import { probeKafka } from './probe-kafka.ts'
import type { Progress } from './progress.ts'
import { spawnComponent } from './spawn-component.ts'
import { waitUntil } from './wait-until.ts'

const archiveName = 'kafka.jsa'
const readyTimeoutMs = 60_000

/**
 * The broker's loaded classes, kept from one run to the next: a start costs about half. Java checks that the archive
 * fits its version and the jars, and goes on without it where it does not; so do we where it cannot be made.
 */
export async function kafkaArchive(
  installed: Installed,
  cacheFolder: string,
  progress: Progress,
): Promise<string | undefined> {
  const preparation = {
    name: 'kafka-classes',
    pins: [installed.java, installed.javaVersion, installed.jars],
    doing: 'preparing',
    require: async () => {},
    install: (folder: string) => makeArchive(installed, folder, progress),
  }
  const [folder = ''] = await installAll(cacheFolder, [preparation], progress)
  const archive = path.join(folder, archiveName)
  return existsSync(archive) ? archive : undefined
}

async function makeArchive(installed: Installed, folder: string, progress: Progress): Promise<void> {
  const brokerFolder = path.join(folder, 'broker')
  await mkdir(brokerFolder)
  try {
    await runOnce(installed, brokerFolder, path.join(folder, archiveName))
  } catch (error) {
    progress(`kafka-classes: not made, Kafka starts slower (${String(error).split('\n')[0]})`)
  }
  await rm(brokerFolder, { recursive: true, force: true })
}

async function runOnce(installed: Installed, folder: string, archive: string): Promise<void> {
  const ports = { client: await freePort(), controller: await freePort() }
  const launch = await prepareBroker(installed, folder, ports, [`-XX:ArchiveClassesAtExit=${archive}`])
  const broker = spawnComponent(launch)
  const exited = once(broker, 'exit')
  const probe = () => probeKafka([`127.0.0.1:${ports.client}`])
  try {
    await waitUntil('the broker that shows its classes', readyTimeoutMs, probe)
    broker.kill('SIGTERM')
    await exited
  } finally {
    broker.kill('SIGKILL')
  }
}
