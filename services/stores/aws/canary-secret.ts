import { setTimeout } from 'node:timers/promises'
import { CreateSecretCommand, DescribeSecretCommand } from '@aws-sdk/client-secrets-manager'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { StoreParts } from '../store-parts.ts'
import { openAws } from './open-aws.ts'

export type AwsCanaries = {
  /** Its full ARN. `standsFor`: what is written into it; no value, since nobody reads it. */
  create(session: string, standsFor: string): Promise<{ handle: string } | { problem: Problem }>
  close(): Promise<void>
}

/**
 * Real secrets with the store's mark, under the name that infra/aws/policy-curfew.json allows (behind `mark.namePrefix` where there is one:
 * the policy then needs it too). Inside the budget of writes. A secret that AWS made and did not tell of, or does not show yet, is looked for by its name.
 */
export const awsCanarySecrets = (config: AwsStoreConfig, parts: Omit<StoreParts, 'sealing'>): AwsCanaries => {
  const { mark, propagationMs } = config
  const { wire, call } = openAws(config, parts)
  const shown = async (name: string) => {
    const command = new DescribeSecretCommand({ SecretId: name })
    const reply = await call({ action: 'DescribeSecret', name, group: 'probe', lane: 'probe' }, abortSignal =>
      wire.fresh.send(command, { abortSignal }),
    )
    return 'output' in reply ? reply.output.ARN : undefined
  }
  return {
    create: async (session, standsFor) => {
      const name = `${mark.namePrefix ?? ''}curfew-canary/${session}`
      const Tags = [{ Key: mark.tag, Value: session }]
      const command = new CreateSecretCommand({ Name: name, SecretString: standsFor, Tags })
      const reply = await call({ action: 'CreateSecret', name, group: 'write', lane: 'probe' }, abortSignal =>
        wire.kept.send(command, { abortSignal }),
      )
      const untold = 'problem' in reply && (reply.problem.code === 'timeout' || reply.problem.code === 'unreachable')
      if ('problem' in reply && !untold) return reply
      const deadline = Date.now() + Math.max(1_000, propagationMs)
      for (;;) {
        const handle = await shown(name)
        if (handle !== undefined) return { handle }
        if (Date.now() >= deadline) break
        await setTimeout(200)
      }
      if ('output' in reply && reply.output.ARN !== undefined) return { handle: reply.output.ARN }
      return 'problem' in reply
        ? reply
        : { problem: { code: 'protocol', detail: 'AWS made a secret that it does not show' } }
    },
    close: async () => wire.close(),
  }
}
