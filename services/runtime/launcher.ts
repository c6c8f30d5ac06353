import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type LaunchOptions = {
  configFile: string
  /** One entry per process: its roles, for example `['ledger', 'intake']`. */
  processes: string[][]
  env?: Record<string, string>
  /** Where the processes' log lines go. */
  onOutput(text: Buffer): void
  onExit?(roles: string[], code: number | null, signal: NodeJS.Signals | null): void
}
export type Launched = {
  /** Pids of the living processes of a role (any, without a role). */
  pids(role?: string): number[]
  close(): Promise<void>
}

const maxBackoffMs = 2_000

/** Starts each process and starts again what exits, with backoff. They end with this process, however it ends: by IPC. */
export const launch = (options: LaunchOptions): Launched => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const children = new Map<ChildProcess, string[]>()
  const timers = new Set<NodeJS.Timeout>()
  let closing = false

  const start = (roles: string[], backoffMs: number) => {
    const startedAt = Date.now()
    const child = spawn(process.execPath, [main, '--config', options.configFile, '--roles', roles.join(',')], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...roleEnvironment(), ...options.env },
    })
    children.set(child, roles)
    child.stdout?.on('data', options.onOutput)
    child.stderr?.on('data', options.onOutput)
    child.on('exit', (code, signal) => {
      children.delete(child)
      options.onExit?.(roles, code, signal)
      // 78: a setting was refused, and starting again does not mend it.
      if (closing || code === 78) return
      const next = Date.now() - startedAt > 10_000 ? 100 : Math.min(backoffMs * 2, maxBackoffMs)
      const timer = setTimeout(() => {
        timers.delete(timer)
        start(roles, next)
      }, next)
      timers.add(timer)
    })
  }
  for (const roles of options.processes) start(roles, 50)

  return {
    pids: role =>
      [...children].flatMap(([child, roles]) =>
        child.pid !== undefined && (role === undefined || roles.includes(role)) ? [child.pid] : [],
      ),
    close: async () => {
      closing = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all([...children.keys()].map(child => endChild(child)))
    },
  }
}

/** A role gets its config, not the stack's administrator passwords that may lie in this process's environment. */
const roleEnvironment = (): NodeJS.ProcessEnv => {
  const allowed = ['CURFEW_LOG_LEVEL', 'CURFEW_STATE_DIR', 'CURFEW_CRASH_AT']
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CURFEW_') || allowed.includes(name)),
  )
}

const endChild = (child: ChildProcess): Promise<void> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const kill = setTimeout(() => child.kill('SIGKILL'), 12_000)
    child.once('exit', () => {
      clearTimeout(kill)
      resolve()
    })
    child.kill('SIGTERM')
  })
