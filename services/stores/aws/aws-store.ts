import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Credential, ProbeResult, Store } from '../../pipeline/ports.ts'
import type { StoreParts } from '../store-parts.ts'
import { awsKeeper } from './aws-keeper.ts'
import { type Described, describing } from './described.ts'
import { openAws } from './open-aws.ts'
import { retireSecret } from './retire.ts'
import { secretArn } from './secret-arn.ts'
import { secretCalls } from './secret-calls.ts'

/** A death looks three times and deletes once. */
const looksPerDeath = 3

/**
 * A keeper: secrets that were made for a session are deleted, and the core proves what was in them where it is honoured. With `rotate` it
 * also keeps the standing secrets of the registry.
 */
export const awsStore = (config: AwsStoreConfig, parts: StoreParts): Store => {
  const { wire, call } = openAws(config, parts)
  const describe = describing({ call, wire, mark: config.mark })
  return {
    id: config.id,
    role: 'keeper',
    propagationMs: config.propagationMs,
    deathsPerSecond: Math.min(config.budget.callsPerSecond, config.describeBudget.callsPerSecond / looksPerDeath),
    survives: () => [],
    impossible: credential => impossible(config, credential),
    probe: async (credential, lane) => probed(await describe(credential, lane)),
    revoke: retireSecret({ call, wire, describe }),
    ...(config.rotate ? { keeper: awsKeeper(secretCalls(call, wire, config), config.rotateWithinMs) } : {}),
    close: async () => wire.close(),
  }
}

const impossible = ({ region, accountId }: AwsStoreConfig, { kind, handle }: Credential): string | undefined => {
  if (kind === 'aws.secret-version') return 'needs rotation: a version of a shared secret'
  const arn = secretArn(handle)
  if (!arn) return 'the handle is not the full ARN of a secret in Secrets Manager'
  if (arn.region !== region) return `the secret is in ${arn.region}, this store is ${region}`
  if (accountId !== undefined && arn.accountId !== accountId)
    return `the secret is in account ${arn.accountId}, this store is ${accountId}`
  return undefined
}

const probed = (described: Described): ProbeResult => {
  switch (described.state) {
    case 'there':
      return { state: 'alive', evidence: 'target' }
    case 'absent':
      return { state: 'dead', evidence: 'target' }
    case 'notOurs':
      return { state: 'impossible', reason: described.reason }
    case 'unclear':
      return { state: 'unknown', problem: described.problem }
  }
}
