import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { newAwsAddress, planAws } from './aws.ts'
import type { BroughtUp } from './brought-up.ts'
import type { StackEnvironment } from './environment.ts'
import { freePort } from './free-port.ts'
import { installComponents } from './install-components.ts'
import { planKafka } from './kafka.ts'
import type { LocalPlan } from './local-component.ts'
import { newPostgresAddress, planPostgres } from './postgres.ts'
import { requireOpenssl } from './prerequisites.ts'
import type { Progress } from './progress.ts'
import { planRedis } from './redis.ts'
import { planVault } from './vault.ts'

export type LocalPlans = { plans: Promise<LocalPlan>[]; addresses: Promise<BroughtUp> }

/** Each part is made ready on its own, so that the quick ones boot while the slow ones are still being prepared. */
export async function localPlans(given: StackEnvironment, dataDir: string, progress: Progress): Promise<LocalPlans> {
  await requireOpenssl()
  const installed = await installComponents(given.cacheFolder, progress)
  const folder = async (name: string) => {
    const at = path.join(dataDir, name)
    await mkdir(at, { mode: 0o700 })
    return at
  }
  const plans: Promise<LocalPlan>[] = []
  const up: BroughtUp = {}
  if (!given.kafkaBrokers) {
    const ports = { client: await freePort(), controller: await freePort() }
    const at = await folder('kafka')
    Object.assign(up, { kafkaBrokers: [`127.0.0.1:${ports.client}`], kafkaDataDir: path.join(at, 'data') })
    plans.push(planKafka(installed, given.cacheFolder, at, ports, progress))
  }
  if (!given.redisUrl) {
    const port = await freePort()
    const at = await folder('redis')
    Object.assign(up, { redisUrl: `redis://127.0.0.1:${port}`, redisDataDir: path.join(at, 'data') })
    plans.push(planRedis(installed, at, port))
  }
  if (!given.postgres) {
    up.postgres = newPostgresAddress(await freePort())
    plans.push(planPostgres(installed, await folder('postgres'), up.postgres))
  }
  if (!given.aws) {
    up.aws = newAwsAddress(await freePort())
    plans.push(planAws(installed, await folder('aws'), up.aws))
  }
  if (given.vault) return { plans, addresses: Promise.resolve(up) }
  const vault = planVault(installed, await folder('vault'), { api: await freePort(), cluster: await freePort() })
  plans.push(vault.then(made => made.plan))
  return {
    plans,
    addresses: vault.then(({ login, auditFile }) => ({ ...up, vault: login, vaultAuditFile: auditFile })),
  }
}
