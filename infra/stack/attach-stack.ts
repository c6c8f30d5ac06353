import { componentNames } from './addresses.ts'
import { connectControl } from './control-client.ts'
import type { StackEnvironment } from './environment.ts'
import { givenNames } from './given-names.ts'
import { joinAddresses } from './join-addresses.ts'
import { waitForGiven } from './probe-component.ts'
import { provisionStack } from './provision-stack.ts'
import { controlOver, type StackControl } from './stack-control.ts'
import { StackFailure } from './stack-failure.ts'

/** When every address is given nothing is started, and `close` ends nothing. */
export async function attachStack(given: StackEnvironment): Promise<StackControl | undefined> {
  if (givenNames(given).length < componentNames.length) return undefined
  const found = joinAddresses(given, {}, given.folders.dataDir)
  await Promise.all(componentNames.map(name => waitForGiven(name, found)))
  const addresses = await provisionStack(found, given)
  if (given.controlSocket !== undefined) {
    const client = await connectControl(given.controlSocket)
    return controlOver(client, addresses, async () => client.disconnect())
  }
  const refuse = async () => {
    throw new StackFailure(
      'this stack was given by its addresses alone (no CURFEW_STACK_CONTROL): it cannot be touched',
    )
  }
  const control = { kill: refuse, stop: refuse, start: refuse, pause: refuse, resume: refuse, pids: refuse }
  return { addresses, ...control, ready: name => waitForGiven(name, addresses), close: async () => {} }
}
