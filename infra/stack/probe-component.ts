import { adminLogin } from '../aws/provision.ts'
import { probeVault } from '../vault/probe-vault.ts'
import type { ComponentName, StackAddresses } from './addresses.ts'
import { probeAws } from './probe-aws.ts'
import { probeKafka } from './probe-kafka.ts'
import { probePostgres } from './probe-postgres.ts'
import { probeRedis } from './probe-redis.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'
import { waitUntil } from './wait-until.ts'

const timeoutMs = 30_000

/** For a component that was given by its address: all that can be done about it is to wait. */
export async function waitForGiven(name: ComponentName, addresses: StackAddresses): Promise<void> {
  const probes: Record<ComponentName, () => Promise<void>> = {
    kafka: () => probeKafka(addresses.kafkaBrokers),
    redis: () => probeRedis(addresses.redisUrl),
    vault: () => probeVault(addresses.vault),
    postgres: () => probePostgres(addresses.postgres),
    aws: () => probeAws(adminLogin(addresses.aws)),
  }
  await waitUntil(`the ${name} that the environment names`, timeoutMs, probes[name], 200).catch((error: Error) => {
    throw new StackFailure(error.message, exitUnavailable)
  })
}
