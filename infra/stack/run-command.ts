import { spawn } from 'node:child_process'
import { signalAll } from './child-processes.ts'
import { type Command, dieWithParent } from './die-with-parent.ts'
import { environmentForChildren } from './environment.ts'
import { StackFailure } from './stack-failure.ts'

export type RunOptions = { cwd?: string; timeoutMs?: number }

const running = new Set<() => void>()

/** Runs one command to its end and returns what it wrote; a failure carries the end of its output. */
export function runCommand(wanted: Command, options: RunOptions = {}): Promise<string> {
  const { command, args, identity } = dieWithParent(wanted)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: environmentForChildren(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: 'SIGKILL',
      detached: true,
      ...identity,
    })
    // The whole group: what is called `python3` or `mvn` may be a script that runs another process.
    const end = () => signalAll(child.pid ? [-child.pid] : [], 'SIGKILL')
    running.add(end)
    let output = ''
    child.stdout.on('data', chunk => (output += String(chunk)))
    child.stderr.on('data', chunk => (output += String(chunk)))
    child.on('error', error => reject(new StackFailure(`${wanted.command} cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      running.delete(end)
      if (code === 0) resolve(output)
      else reject(new StackFailure(`${wanted.command} ended with ${code ?? signal}:\n${output.slice(-2000)}`))
    })
  })
}

/** For an owner that goes away while a download or a set-up is under way. */
export function endRunningCommands(): void {
  for (const end of running) end()
}
