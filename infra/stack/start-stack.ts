import path from 'node:path'
import { attachStack } from './attach-stack.ts'
import { connectControl } from './control-client.ts'
import { readStackEnvironment } from './environment.ts'
import { requireNode24 } from './prerequisites.ts'
import { reapLeftovers } from './reap-leftovers.ts'
import { spawnSupervisor, waitForExit } from './spawn-supervisor.ts'
import { controlOver, type StackControl } from './stack-control.ts'
import { socketName } from './stack-folder.ts'

export type { ComponentName, StackAddresses } from './addresses.ts'
export type { StackControl } from './stack-control.ts'
export { StackFailure } from './stack-failure.ts'

export type StartOptions = { onProgress?: (line: string) => void }

/**
 * Starts what the environment does not give. Everything ends with the calling process, however that ends;
 * `close` ends it earlier and resolves when no process and no file is left.
 */
export async function startStack(options: StartOptions = {}): Promise<StackControl> {
  requireNode24()
  const progress = options.onProgress ?? (line => process.stderr.write(`${line}\n`))
  const attached = await attachStack(readStackEnvironment())
  if (attached) return attached
  reapLeftovers(progress)
  const { child, folder, addresses } = await spawnSupervisor(progress, false)
  const client = await connectControl(path.join(folder, socketName))
  return controlOver(client, addresses, async () => {
    await client.ask({ verb: 'close' }).catch(() => {})
    await waitForExit(child)
    client.disconnect()
  })
}
