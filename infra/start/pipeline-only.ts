import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../../schemas/config.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'
import { exit, StartFailure } from './failure.ts'
import { furtherRoles } from './further-roles.ts'
import { launchRoles } from './launch-roles.ts'
import { processesOf } from './options.ts'
import { say } from './say.ts'
import type { StartParts } from './start-parts.ts'

/** The roles on the addresses in the config, until they are told to end. Their log is all that they say: it goes to stderr. */
export const runPipelineOnly = async ({ options, life, interrupted, onForce }: StartParts): Promise<void> => {
  const file = resolve(options.config)
  const config = validConfig(file)
  const processes = [...processesOf(options), ...(options.rolesNamed ? [] : furtherRoles(config))]
  const roles = launchRoles({
    configFile: file,
    processes,
    env: {},
    write: text => process.stderr.write(text),
  })
  life.onClose(roles.close)
  onForce(roles.kill)
  say(`pipeline: ${processes.length} processes (${processes.join(' ')}) on ${file}. Ctrl-C ends it.`)
  interrupted.failOn(roles.refused)
  await interrupted.during(new Promise<never>(() => undefined))
}

const validConfig = (file: string): Config => {
  if (!existsSync(file))
    throw new StartFailure(
      `There is no config at ${file}. Name one with: npm start -- --no-sample --config <file>. ` +
        'To see Curfew without a config: npm start',
      exit.refused,
    )
  try {
    return loadConfig(file)
  } catch (error) {
    throw new StartFailure(error instanceof Error ? error.message : String(error), exit.refused)
  }
}
