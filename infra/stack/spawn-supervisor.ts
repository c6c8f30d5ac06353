import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import type { StackAddresses } from './addresses.ts'
import type { SupervisorMessage } from './control-protocol.ts'
import { readLogTail } from './log-tail.ts'
import type { Progress } from './progress.ts'
import { StackFailure } from './stack-failure.ts'
import { makeStackFolder, readRecord, recordFile, removeStackFolder } from './stack-folder.ts'

export type Supervisor = { child: ChildProcess; folder: string; addresses: StackAddresses }

/** Resolves when the stack is ready and provisioned. The open pipe to the supervisor is what keeps an owned stack alive. */
export async function spawnSupervisor(progress: Progress, detached: boolean): Promise<Supervisor> {
  const folder = await makeStackFolder()
  const logFile = path.join(folder, 'supervisor.log')
  const log = openSync(logFile, 'a', 0o600)
  const program = path.join(import.meta.dirname, 'supervisor.ts')
  const args = [program, '--folder', folder, ...(detached ? ['--detached'] : [])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', log, log, 'ipc'], detached: true })
  closeSync(log)
  try {
    await becomeReady(child, progress, logFile)
  } catch (error) {
    removeStackFolder(folder)
    throw error
  }
  child.unref()
  child.channel?.unref()
  const record = readRecord(folder)
  if (!record.addresses) throw new StackFailure(`${recordFile(folder)} has no addresses`)
  return { child, folder, addresses: record.addresses }
}

async function becomeReady(child: ChildProcess, progress: Progress, logFile: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let failure: StackFailure | undefined
  child.on('message', (message: SupervisorMessage) => {
    if (message.kind === 'progress') progress(message.line)
    if (message.kind === 'ready') resolve()
    if (message.kind === 'failed') failure = new StackFailure(message.message, message.exitCode)
  })
  child.once('error', reject)
  child.once('exit', code =>
    reject(failure ?? new StackFailure(`the supervisor ended (${code}):\n${readLogTail(logFile)}`)),
  )
  await promise
  child.removeAllListeners('message')
}

export async function waitForExit(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  await once(child, 'exit')
}
