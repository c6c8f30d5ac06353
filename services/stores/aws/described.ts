import { DescribeSecretCommand, type DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Credential, Lane } from '../../pipeline/ports.ts'
import type { AwsCall } from './metered.ts'
import { secretArn } from './secret-arn.ts'
import type { AwsWire } from './wire.ts'

/** `notOurs`: why it is never touched. `replicas`: the regions that still have a copy. */
export type Described =
  | { state: 'there'; replicas: string[] }
  | { state: 'notOurs'; reason: string }
  | { state: 'absent' }
  | { state: 'unclear'; problem: Problem }
export type Describe = (credential: Credential, lane: Lane) => Promise<Described>

/**
 * DescribeSecret, and never GetSecretValue: what Curfew cannot read it cannot lose. "Not found" may become a proof: it is asked
 * for again on a fresh connection, and that answer counts.
 */
export const describing = (parts: { call: AwsCall; wire: AwsWire; mark: AwsStoreConfig['mark'] }): Describe => {
  const { call, wire, mark } = parts
  return async ({ handle }, lane) => {
    const ask = (via: AwsWire['kept']) =>
      call({ action: 'DescribeSecret', name: nameOf(handle), group: 'probe', lane }, abortSignal =>
        via.send(new DescribeSecretCommand({ SecretId: handle }), { abortSignal }),
      )
    const glance = await ask(wire.kept)
    const reply = 'absent' in glance ? await ask(wire.fresh) : glance
    if ('absent' in reply) return { state: 'absent' }
    if ('problem' in reply) return { state: 'unclear', problem: reply.problem }
    return read(reply.output, handle, mark)
  }
}

/** For sentences: the secret's name, not its whole ARN. */
export const nameOf = (handle: string): string => secretArn(handle)?.name ?? handle

const read = (output: DescribeSecretCommandOutput, handle: string, mark: AwsStoreConfig['mark']): Described => {
  // A partial ARN may be answered with another secret.
  if (output.ARN !== handle)
    return {
      state: 'unclear',
      problem: { code: 'protocol', detail: 'AWS described another secret than it was asked for' },
    }
  const region = secretArn(handle)?.region
  if (output.PrimaryRegion !== undefined && output.PrimaryRegion !== region)
    return {
      state: 'notOurs',
      reason: `a replica: only its primary in ${output.PrimaryRegion} can be ended, name that`,
    }
  const reason = notMarked(output, mark)
  if (reason !== undefined) return { state: 'notOurs', reason }
  const replicas = (output.ReplicationStatus ?? []).flatMap(one => (one.Region === undefined ? [] : [one.Region]))
  // A secret whose deletion is scheduled (`DeletedDate`) can be restored: it is there.
  return { state: 'there', replicas }
}

const notMarked = ({ Tags = [], Name = '' }: DescribeSecretCommandOutput, mark: AwsStoreConfig['mark']) => {
  const { tag, namePrefix = '' } = mark
  if (!Tags.some(({ Key, Value }) => Key === tag && Value !== undefined && Value !== ''))
    return `not made for a session (no tag "${tag}"): needs rotation`
  if (!Name.startsWith(namePrefix)) return `not made for a session (its name is not ${namePrefix}...): needs rotation`
  return undefined
}
