import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readStackEnvironment } from './environment.ts'
import { folderOf, type Installation, installAll } from './install-once.ts'
import type { Progress } from './progress.ts'
import { runCommand } from './run-command.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

export type Prometheus = { prometheus: string; promtool: string }

/** From the PATH, or from the cache where `npm run setup:prometheus` put it. Undefined: it is not here. */
export function findPrometheus(): Prometheus | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), binFolder(installedFolder())]
  const both = folders.map(folder => ({
    prometheus: path.join(folder, 'prometheus'),
    promtool: path.join(folder, 'promtool'),
  }))
  return both.find(({ prometheus, promtool }) => existsSync(prometheus) && existsSync(promtool))
}

/** Debian's package, unpacked beside the other components: no root is needed, and nothing is installed on the machine. */
export async function setUpPrometheus(progress: Progress): Promise<Prometheus> {
  const found = findPrometheus()
  if (found) return found
  const { cacheFolder } = readStackEnvironment()
  const [folder = ''] = await installAll(cacheFolder, [debianPackage()], progress)
  const bin = binFolder(folder)
  return { prometheus: path.join(bin, 'prometheus'), promtool: path.join(bin, 'promtool') }
}

const installedFolder = () => folderOf(readStackEnvironment().cacheFolder, debianPackage())
const binFolder = (folder: string) => path.join(folder, 'usr', 'bin')

/** Debian keeps the newest build of a release only: the release is what can be pinned; apt checks the signature. */
const debianPackage = (): Installation => ({
  name: 'prometheus',
  pins: ['debian', release(), process.arch],
  doing: 'downloading',
  require: async () => {
    if (!existsSync('/usr/bin/apt-get'))
      throw new StackFailure(
        'Prometheus is taken from Debian, and apt-get is missing. Put prometheus and promtool on the PATH instead.',
        exitUnavailable,
      )
  },
  install: async folder => {
    const download = () => runCommand({ command: 'apt-get', args: ['download', '-q', 'prometheus'] }, { cwd: folder })
    // Lists may be missing or old. Reading them anew needs root; without it the first answer stands.
    await download().catch(async (error: unknown) => {
      await runCommand({ command: 'apt-get', args: ['update', '-q'] }).catch(() => Promise.reject(error))
      await download()
    })
    await runCommand(
      { command: 'sh', args: ['-c', 'dpkg -x prometheus_*.deb . && rm prometheus_*.deb'] },
      { cwd: folder },
    )
  },
})

const release = () => {
  try {
    return /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}
