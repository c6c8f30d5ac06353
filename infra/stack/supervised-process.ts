import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf, signalAll } from './child-processes.ts'
import type { Launch } from './component.ts'
import { spawnComponent } from './spawn-component.ts'

const firstPauseMs = 100
const longestPauseMs = 2_000
const stableAfterMs = 5_000
const politeEndMs = 2_000

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
    const started = spawnComponent(launch)
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
  async function stop(politely?: NodeJS.Signals): Promise<void> {
    wanted = false
    clearTimeout(retry)
    if (child && politely) await endProcess(child, politely)
    if (child) await killProcess(child)
  }
  return {
    start: () => {
      if (wanted) return
      wanted = true
      pauseMs = firstPauseMs
      spawnNow()
    },
    kill: async () => {
      pauseMs = firstPauseMs
      if (child) await killProcess(child)
    },
    stop: () => stop(),
    signal: signal => child?.pid && signalAll([child.pid, ...childrenOf(child.pid)], signal),
    end: () => stop(launch.endSignal),
    pid: () => child?.pid,
  }
}

/** With its children, which would otherwise serve on for a moment, and hold what the next start needs. */
async function killProcess(child: ChildProcess): Promise<void> {
  if (!child.pid) return
  const exited = once(child, 'exit')
  signalAll([child.pid, ...childrenOf(child.pid)], 'SIGKILL')
  await exited
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill('SIGCONT')
  child.kill(signal)
  await Promise.race([once(child, 'exit'), sleep(politeEndMs, undefined, { ref: false })])
}
