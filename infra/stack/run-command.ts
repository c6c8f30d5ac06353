import { spawn } from 'node:child_process'
import { environmentForChildren } from './environment.ts'
import type { Identity } from './postgres-identity.ts'
import { StackFailure } from './stack-failure.ts'

export type CommandOptions = { cwd?: string; identity?: Identity | undefined; env?: Record<string, string>; timeoutMs?: number }

/** Runs one command to its end and returns what it wrote; a failure carries the end of its output. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: environmentForChildren(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: 'SIGKILL',
      ...options.identity,
    })
    let output = ''
    child.stdout.on('data', chunk => (output += String(chunk)))
    child.stderr.on('data', chunk => (output += String(chunk)))
    child.on('error', error => reject(new StackFailure(`${command} cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new StackFailure(`${command} ended with ${code ?? signal}:\n${output.slice(-2000)}`))
    })
  })
}

export async function commandWorks(command: string, args: string[]): Promise<boolean> {
  return runCommand(command, args, { timeoutMs: 60_000 }).then(
    () => true,
    () => false,
  )
}
