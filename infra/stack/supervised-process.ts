import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from './component.ts'
import { environmentForChildren } from './environment.ts'
import { dieWithParent } from './die-with-parent.ts'

const firstPauseMs = 100
const longestPauseMs = 2_000
const stableAfterMs = 5_000

export type SupervisedProcess = {
  start: () => void
  kill: () => Promise<void>
  stop: () => Promise<void>
  signal: (signal: NodeJS.Signals) => void
  end: () => Promise<void>
  pid: () => number | undefined
}

/** Keeps one process running until `stop` or `end`: whatever else ends it, it is started again. */
export function superviseProcess(launch: Launch, onChange: () => void): SupervisedProcess {
  let child: ChildProcess | undefined
  let wanted = false
  let pauseMs = firstPauseMs
  let retry: NodeJS.Timeout | undefined

  function spawnNow(): void {
    const startedMs = Date.now()
    const started = spawnLaunch(launch)
    child = started
    started.once('exit', () => gone(started, startedMs))
    started.once('error', () => gone(started, startedMs))
    onChange()
  }
  function gone(which: ChildProcess, startedMs: number): void {
    if (child !== which) return
    child = undefined
    onChange()
    if (!wanted) return
    if (Date.now() - startedMs > stableAfterMs) pauseMs = firstPauseMs
    retry = setTimeout(spawnNow, pauseMs)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
  async function endWith(signals: NodeJS.Signals[]): Promise<void> {
    const ending = child
    if (!ending?.pid) return
    const exited = once(ending, 'exit')
    for (const signal of signals) {
      ending.kill(signal)
      if (await Promise.race([exited.then(() => true), sleep(2_000, false)])) return
    }
    await exited
  }
  async function stopWith(signals: NodeJS.Signals[]): Promise<void> {
    wanted = false
    clearTimeout(retry)
    await endWith(signals)
  }
  return {
    start: () => {
      if (wanted) return
      wanted = true
      pauseMs = firstPauseMs
      spawnNow()
    },
    kill: () => endWith(['SIGKILL']),
    stop: () => stopWith(['SIGKILL']),
    signal: signal => void child?.kill(signal),
    end: () => stopWith([launch.endSignal, 'SIGKILL']),
    pid: () => child?.pid,
  }
}

/** `detached` keeps a terminal's Ctrl-C away from the components: only the supervisor ends them. */
function spawnLaunch(launch: Launch): ChildProcess {
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
