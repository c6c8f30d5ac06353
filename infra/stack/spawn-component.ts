import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Launch } from './component.ts'
import { dieWithParent } from './die-with-parent.ts'
import { environmentForChildren } from './environment.ts'

/** `detached` keeps a terminal's Ctrl-C away from the components: only the supervisor ends them. */
export function spawnComponent(launch: Launch): ChildProcess {
  const log = openSync(launch.logFile, 'a')
  try {
    const { command, args, identity } = dieWithParent(launch)
    return spawn(command, args, {
      cwd: launch.folder,
      env: environmentForChildren(launch.env),
      stdio: ['ignore', log, log],
      detached: true,
      ...identity,
    })
  } finally {
    closeSync(log)
  }
}
