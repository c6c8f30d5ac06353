import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import type { Position } from '../../services/learn/place.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { launch } from '../../services/runtime/launcher.ts'
import { sharedStack } from './stack.ts'
import { until } from './until.ts'
import { type VaultApp, vaultApp } from './vault-app.ts'
import { startWorld, twoOfEach, type World, type WorldOptions } from './world.ts'

export const learnedPaths = ['auth/token/create', 'auth/approle/login', 'database/creds/*']

/** A world that learns from the stack's own audit file, and an application that only uses Vault. */
export const startLearningWorld = async (
  options: WorldOptions & { learn?: Record<string, unknown>; auditFile?: string } = {},
) => {
  const { addresses } = await sharedStack()
  const mark = { world: randomUUID() }
  const learn = {
    principal: 'issuer',
    auditFile: options.auditFile ?? addresses.vaultAuditFile,
    positionFile: 'audit-position',
    paths: learnedPaths,
    where: mark,
    sessionStart: {},
    ...options.learn,
  }
  const world = await startWorld({
    processes: [...twoOfEach, ['learn']],
    ...options,
    store: { ...options.store, learn } as NonNullable<WorldOptions['store']>,
  })
  const app = await vaultApp(addresses, mark)
  return {
    world,
    app,
    mark,
    learned: (credential: SampleCredential) => untilLearned(world, credential),
    /** Waits until the prober and Curfew have both seen it. */
    watch: async (name: string, credential: SampleCredential): Promise<Watched> => {
      const watched = world.prober.watch(name, credential)
      await until(`${name} is accepted`, () => watched.acceptedFirst)
      await untilLearned(world, credential)
      return watched
    },
    position: (): Position => JSON.parse(readFileSync(join(world.dir, 'audit-position'), 'utf8')) as Position,
    close: async () => {
      await app.close()
      await world.close()
    },
  }
}
export type LearningWorld = Awaited<ReturnType<typeof startLearningWorld>>
export type { VaultApp }

/** A learner that the test starts, kills and starts again by itself. */
export const launchLearner = (world: World, env: Record<string, string> = {}) => {
  const output: Buffer[] = []
  const launched = launch({
    configFile: join(world.dir, 'curfew.yaml'),
    processes: [['learn']],
    env: { CURFEW_STATE_DIR: world.dir, ...env },
    onOutput: text => output.push(text),
  })
  return { ...launched, output: () => Buffer.concat(output).toString('utf8') }
}

const untilLearned = (world: World, { grant }: SampleCredential) => {
  const key = world.key(`c:${credentialId(grant.store ?? 'vault-local', grant.handle)}`)
  return until(`${grant.kind} is learned`, async () => (await world.redis.hexists(key, 'seen')) === 1)
}
