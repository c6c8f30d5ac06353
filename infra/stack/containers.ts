import path from 'node:path'
import { DockerComposeEnvironment, type StartedDockerComposeEnvironment } from 'testcontainers'
import type { ComponentName } from './addresses.ts'
import type { BringUpOptions } from './bring-up-options.ts'
import type { BroughtUp } from './brought-up.ts'
import { type ComposePlan, planCompose } from './compose-plan.ts'
import { containerComponent } from './container-component.ts'

const root = path.join(import.meta.dirname, '..', '..')

const services: Record<ComponentName, string> = {
  kafka: 'kafka',
  redis: 'redis',
  vault: 'openbao',
  postgres: 'postgres',
  aws: 'aws',
}

/**
 * UNTESTED: written with care, on a machine without a container engine.
 * The same components from docker-compose.yml; testcontainers' own reaper ends them if the supervisor is killed.
 */
export async function containerComponents(options: BringUpOptions): Promise<BroughtUp> {
  const { progress, onComponent, signal } = options
  const plan = await planCompose(options.given, options.dataDir)
  progress('containers: pulling and starting')
  const environment = await startCompose(plan)
  let down: Promise<unknown> | undefined
  const endAll = async () => {
    down ??= environment.down({ removeVolumes: true })
    await down
  }
  for (const [index, name] of plan.names.entries()) {
    const container = environment.getContainer(`${services[name]}-1`)
    const component = containerComponent({ name, id: container.getId(), probe: plan.probes[name], signal })
    // Compose ends as a whole: the first component takes the others with it.
    onComponent({ ...component, end: index === 0 ? endAll : async () => {} })
    await component.ready()
    progress(`${name}: ready`)
  }
  return plan.up
}

function startCompose(plan: ComposePlan): Promise<StartedDockerComposeEnvironment> {
  return new DockerComposeEnvironment(root, 'docker-compose.yml')
    .withEnvironment(plan.environment)
    .withStartupTimeout(180_000)
    .up(plan.names.map(name => services[name]))
}
