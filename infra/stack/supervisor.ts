import path from 'node:path'
import { parseArgs } from 'node:util'
import type { StackAddresses } from './addresses.ts'
import { bringUp } from './bring-up.ts'
import type { RunningComponent } from './component.ts'
import type { ControlAnswer, ControlRequest, SupervisorMessage } from './control-protocol.ts'
import { serveControl } from './control-server.ts'
import { readStackEnvironment } from './environment.ts'
import { markOf, thisProcess } from './process-mark.ts'
import { endRunningCommands } from './run-command.ts'
import { failureOf, StackFailure } from './stack-failure.ts'
import { removeStackFolder, socketName, writeRecord } from './stack-folder.ts'

/**
 * Owns the components: restarts what exits, and ends everything and removes the folder when the pipe of its owner closes,
 * whatever closed it. A detached supervisor lives until it is told to close.
 */
const { values } = parseArgs({ options: { folder: { type: 'string' }, detached: { type: 'boolean', default: false } } })
const folder = values.folder
if (folder === undefined) throw new Error('--folder is missing')
const dataDir: string = folder

const components = new Map<string, RunningComponent>()
const ending = new AbortController()
const supervisor = thisProcess()
let addresses: StackAddresses | undefined
let owned = true

function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function record(): void {
  if (ending.signal.aborted) return
  const marks = [...components.values()].map(({ name, pid }) => [name, markOf(pid() ?? 0)] as const)
  const running = Object.fromEntries(marks.filter(([, mark]) => mark !== undefined))
  writeRecord(dataDir, { supervisor, detached: values.detached, components: running, ...(addresses && { addresses }) })
}

async function end(exitCode: number): Promise<void> {
  if (ending.signal.aborted) return
  ending.abort(new Error('the stack is ending'))
  endRunningCommands()
  await Promise.allSettled([...components.values()].map(component => component.end()))
  try {
    removeStackFolder(dataDir)
  } finally {
    process.exit(exitCode)
  }
}

async function answer(request: ControlRequest): Promise<Omit<ControlAnswer, 'id'>> {
  if (request.component === undefined) {
    if (request.verb === 'close') {
      void end(0)
      return {}
    }
    const pids = [...components.values()].map(({ name, pid }) => [name, pid()] as const)
    return {
      pids: Object.fromEntries(pids.filter((entry): entry is [(typeof entry)[0], number] => entry[1] !== undefined)),
    }
  }
  const component = components.get(request.component)
  if (!component)
    throw new StackFailure(`${request.component} was given by the environment: this stack cannot ${request.verb} it`)
  await component[request.verb]()
  return {}
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0))
  process.on('disconnect', () => void (owned && end(0)))
  // A stray error of a client library must not take a running stack down: it goes to supervisor.log.
  process.on('uncaughtException', error => console.error(error))
  if (!process.connected) return end(0)
  record()
  addresses = await bringUp({
    given: readStackEnvironment(),
    dataDir,
    progress: line => tell({ kind: 'progress', line }),
    onComponent: component => void components.set(component.name, component),
    onChange: record,
    signal: ending.signal,
  })
  record()
  serveControl(path.join(dataDir, socketName), answer).once('listening', () => {
    owned = !values.detached
    tell({ kind: 'ready' })
  })
}

main().catch((error: unknown) => {
  const { message, exitCode } = failureOf(error)
  tell({ kind: 'failed', message, exitCode })
  return end(exitCode)
})
