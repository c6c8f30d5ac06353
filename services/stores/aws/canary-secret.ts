import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { storeBudget } from '../budget.ts'
import type { StoreParts } from '../store-parts.ts'
import { meteredCalls } from './metered.ts'
import { awsWire } from './wire.ts'

export type AwsCanaries = {
  /** Its full ARN. `standsFor`: what is written into it; no value, since nobody reads it. */
  create(session: string, standsFor: string): Promise<{ handle: string } | { problem: Problem }>
  close(): Promise<void>
}

/** Real secrets with the store's mark, under a name that the policy allows (infra/aws/policy-curfew.json). Inside the budget of writes. */
export const awsCanarySecrets = (config: AwsStoreConfig, parts: Omit<StoreParts, 'sealing'>): AwsCanaries => {
  const { id, timeoutMs, mark } = config
  const wire = awsWire(config)
  const limits = {
    groups: {
      probe: config.describeBudget,
      revoke: config.budget,
      write: config.writeBudget,
      rotate: config.writeBudget,
    },
  }
  const budget = storeBudget({
    redis: parts.redis,
    prefix: parts.redisPrefix,
    store: id,
    limits,
    leaseMs: timeoutMs + 1_000,
  })
  const call = meteredCalls({ store: id, budget, timeoutMs, onCall: parts.onCall })
  return {
    create: async (session, standsFor) => {
      const name = `${mark.namePrefix ?? ''}curfew-canary/${session}`
      const command = new CreateSecretCommand({
        Name: name,
        SecretString: standsFor,
        Tags: [{ Key: mark.tag, Value: session }],
      })
      const reply = await call({ action: 'CreateSecret', name, group: 'write', lane: 'probe' }, abortSignal =>
        wire.kept.send(command, { abortSignal }),
      )
      if ('problem' in reply) return reply
      const handle = 'output' in reply ? reply.output.ARN : undefined
      return handle === undefined
        ? { problem: { code: 'protocol', detail: 'AWS made a secret without an ARN' } }
        : { handle }
    },
    close: async () => wire.close(),
  }
}
