import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { config } from '../schemas/config.ts'
import { writeSampleConfig } from './sample/config.ts'
import { findDetachedStack } from './stack/find-stacks.ts'
import { downCommand, upCommand } from './stack/stack-commands.ts'
import { createTopics } from './topics.ts'

/**
 * UNTESTED: written on a machine without a container engine.
 * `npm run compose -- up`: the stack in containers, and on it Curfew (http://127.0.0.1:7440), Prometheus (:9090) and Grafana (:3000).
 */
process.env.CURFEW_STACK = 'containers'

const compose = (environment: Record<string, string>, ...args: string[]): void => {
  const { status } = spawnSync('docker', ['compose', '--profile', 'curfew', ...args], {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  if (status !== 0) process.exitCode = status ?? 1
}

const up = async (): Promise<void> => {
  await upCommand()
  const addresses = findDetachedStack()?.record.addresses
  if (!addresses) throw new Error('the stack is not up')
  const dir = join(addresses.dataDir, 'curfew')
  const canary = [
    { store: 'vault-local', tokenRole: 'curfew-canary' },
    { store: 'vault-local', databaseRole: 'curfew-canary' },
  ]
  const { content } = writeSampleConfig({ addresses, dir, keysDir: 'keys', name: 'curfew', overrides: { canary } })
  await createTopics(config.parse(content).kafka, 1)
  const user = `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`
  const environment = { CURFEW_COMPOSE_FOLDER: addresses.dataDir, CURFEW_COMPOSE_USER: user }
  compose(environment, 'up', '--build', '--detach', '--no-deps', 'curfew', 'prometheus', 'grafana')
}

const down = async (): Promise<void> => {
  compose({}, 'rm', '--stop', '--force', 'curfew', 'prometheus', 'grafana')
  await downCommand()
}

const commands: Record<string, () => Promise<void>> = { up, down }
const wanted = commands[process.argv[2] ?? '']
if (wanted) await wanted()
else {
  console.error('usage: npm run compose -- up | down')
  process.exitCode = 64
}
