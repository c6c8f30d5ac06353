import { shellExports } from './export-environment.ts'
import { type FoundStack, findDetachedStack, findStacks } from './find-stacks.ts'
import { requireNode24 } from './prerequisites.ts'
import { isSameProcess } from './process-mark.ts'
import { reapLeftovers } from './reap-leftovers.ts'
import { spawnSupervisor } from './spawn-supervisor.ts'
import { StackFailure } from './stack-failure.ts'
import { waitUntil } from './wait-until.ts'

const exitNotRunning = 3
const say = (line: string) => void process.stderr.write(`${line}\n`)

export async function upCommand(): Promise<void> {
  requireNode24()
  const running = findDetachedStack()
  if (running) return say(`already up in ${running.folder}`)
  reapLeftovers(say)
  const { child, folder } = await spawnSupervisor(say, true)
  child.disconnect()
  say(`up in ${folder}`)
  say('use it here with: eval "$(npm run -s stack -- env)"     end it with: npm run stack -- down')
}

export async function statusCommand(): Promise<void> {
  const stacks = findStacks()
  for (const stack of stacks) console.log(describe(stack))
  if (stacks.some(stack => stack.alive)) return
  console.log('no stack is up')
  process.exitCode = exitNotRunning
}

function describe({ folder, record, alive }: FoundStack): string {
  const state = !alive
    ? 'killed, to be removed by the next start'
    : record.detached
      ? 'up'
      : 'up, owned by another command'
  const components = Object.entries(record.components).map(([name, mark]) => {
    return `  ${name.padEnd(9)} ${mark && isSameProcess(mark) ? `pid ${mark.pid}` : 'not running'}`
  })
  return [`${folder}: ${record.addresses ? state : `${state}, starting`}`, ...components].join('\n')
}

export function envCommand(options: { json?: boolean }): void {
  const addresses = findDetachedStack()?.record.addresses
  if (!addresses) throw new StackFailure('no stack is up. Start one with: npm run stack -- up', exitNotRunning)
  process.stdout.write(options.json ? `${JSON.stringify(addresses, null, 2)}\n` : shellExports(addresses))
}

/** Ends stacks that were started with `up`; one that another command owns ends with that command. */
export async function downCommand(): Promise<void> {
  reapLeftovers(say)
  for (let stack = findDetachedStack(); stack; stack = findDetachedStack()) {
    const { folder, record } = stack
    process.kill(record.supervisor.pid, 'SIGTERM')
    await waitUntil(`the stack in ${folder} to end`, 30_000, async () => {
      if (isSameProcess(record.supervisor)) throw new Error(`supervisor ${record.supervisor.pid} is still there`)
    })
    say(`ended ${folder}`)
  }
}
