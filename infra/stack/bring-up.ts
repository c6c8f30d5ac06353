import type { StackAddresses } from './addresses.ts'
import type { BringUpOptions } from './bring-up-options.ts'
import type { BroughtUp } from './brought-up.ts'
import { containerComponents } from './containers.ts'
import { givenNames } from './given-names.ts'
import { localIsPossible } from './install-wheels.ts'
import { joinAddresses } from './join-addresses.ts'
import { localComponent } from './local-component.ts'
import { localPlans } from './local-plans.ts'
import { waitForGiven } from './probe-component.ts'
import { provisionStack } from './provision-stack.ts'

/** Boots what the environment did not give, then provisions the whole. */
export async function bringUp(options: BringUpOptions): Promise<StackAddresses> {
  const { given, dataDir, progress } = options
  const containers = given.useContainers || !localIsPossible()
  const up = containers ? await containerComponents(options) : await bootLocal(options)
  const addresses = joinAddresses(given, up, dataDir)
  await Promise.all(givenNames(given).map(name => waitForGiven(name, addresses)))
  progress('provisioning PostgreSQL, OpenBao and AWS')
  return provisionStack(addresses, given, up.databaseHost)
}

async function bootLocal(options: BringUpOptions): Promise<BroughtUp> {
  const { given, dataDir, progress, onComponent, onChange, signal } = options
  const { plans, addresses } = await localPlans(given, dataDir, progress)
  const boot = async (planned: (typeof plans)[number]) => {
    const plan = await planned
    signal.throwIfAborted()
    const startedMs = Date.now()
    const component = localComponent(plan, onChange, signal)
    onComponent(component)
    await component.start()
    progress(`${plan.name}: ready in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)
  }
  await Promise.all(plans.map(boot))
  return addresses
}
