import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Installation } from './install-once.ts'
import { requireMaven } from './prerequisites.ts'
import { runCommand } from './run-command.ts'
import { StackFailure } from './stack-failure.ts'

const pinFolder = path.join(import.meta.dirname, '..', 'local')

export async function kafkaJars(): Promise<Installation> {
  const pom = path.join(pinFolder, 'pom.xml')
  const sums = await readFile(path.join(pinFolder, 'jars.sha256'), 'utf8')
  return {
    name: 'kafka',
    pins: [await readFile(pom, 'utf8'), sums],
    doing: 'downloading',
    require: requireMaven,
    install: async folder => {
      await runCommand({ command: 'mvn', args: mavenArguments(pom, folder) })
      await verifyJars(folder, sums)
    },
  }
}

function mavenArguments(pom: string, folder: string): string[] {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  return ['-B', '-q', '-f', pom, ...goal]
}

/** Maven pins versions only: the digests are ours, and neither a missing nor an extra jar passes. */
async function verifyJars(folder: string, sums: string): Promise<void> {
  const expected = sums.trim().split('\n').sort()
  const found: string[] = []
  for (const jar of await readdir(folder)) {
    const digest = createHash('sha256')
      .update(await readFile(path.join(folder, jar)))
      .digest('hex')
    found.push(`${digest}  ${jar}`)
  }
  const differing = [...new Set([...expected, ...found])].filter(
    line => !(expected.includes(line) && found.includes(line)),
  )
  if (differing.length > 0) throw new StackFailure(`Kafka's jars are not the pinned ones:\n${differing.join('\n')}`)
}
