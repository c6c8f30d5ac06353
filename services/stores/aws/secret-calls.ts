import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import type { Failed } from '../../pipeline/keeper-port.ts'
import { type Labels, labelsOf } from './labels.ts'
import type { AwsCall, AwsPurpose } from './metered.ts'
import { whyNot } from './registered.ts'
import type { AwsWire } from './wire.ts'

/** A secret of the registry as DescribeSecret shows it. `arn`: its full one, which no later secret of that name has. */
export type KeptSecretState = {
  arn: string
  name: string
  labels: Labels
  /** AWS rotates it by a schedule or a Lambda of its own. */
  rotatesItself: boolean
  /** Epoch ms: when anything about it was changed last. */
  changedAt: number
}
/** `text` undefined: binary. `createdAt`: epoch ms. */
export type KeptText = { text: string | undefined; createdAt: number }
export type Done = { done: true } | Failed
export type SecretCalls = ReturnType<typeof secretCalls>

/** The calls of Secrets Manager that a rotation needs. Writes and rotations have AWS's quotas, each its own budget. */
export const secretCalls = (call: AwsCall, wire: AwsWire, config: Pick<AwsStoreConfig, 'region' | 'accountId'>) => {
  const purpose = (action: string, name: string, group: AwsPurpose['group']): AwsPurpose => ({
    action,
    name,
    group,
    lane: 'kill',
  })
  const done = (reply: Awaited<ReturnType<AwsCall>>, name: string): Done => {
    if ('problem' in reply) return reply
    return 'absent' in reply
      ? { problem: { code: 'protocol', detail: `${name} or its version is not there` } }
      : { done: true }
  }
  return {
    describe: async (name: string): Promise<KeptSecretState | Failed> => {
      const command = new DescribeSecretCommand({ SecretId: name })
      const reply = await call(purpose('DescribeSecret', name, 'probe'), abortSignal =>
        wire.kept.send(command, { abortSignal }),
      )
      if ('problem' in reply) return reply
      if ('absent' in reply)
        return { problem: { code: 'protocol', detail: `there is no secret ${name} in ${config.region}` } }
      const { output } = reply
      const problem = whyNot(output, name, config)
      if (problem !== undefined) return { problem: { code: 'protocol', detail: problem } }
      return {
        arn: String(output.ARN),
        name,
        labels: labelsOf(output.VersionIdsToStages),
        rotatesItself: output.RotationEnabled === true,
        changedAt: output.LastChangedDate?.getTime() ?? Date.now(),
      }
    },
    /** Absent also where a version has labels and no value: a rotation that broke off leaves one. */
    value: async ({ arn, name }: KeptSecretState, version: string): Promise<KeptText | { absent: true } | Failed> => {
      const command = new GetSecretValueCommand({ SecretId: arn, VersionId: version })
      const reply = await call(purpose('GetSecretValue', name, 'probe'), abortSignal =>
        wire.kept.send(command, { abortSignal }),
      )
      if (!('output' in reply)) return reply
      const { VersionId, SecretString, CreatedDate } = reply.output
      if (VersionId === version) return { text: SecretString, createdAt: CreatedDate?.getTime() ?? 0 }
      return { problem: { code: 'protocol', detail: 'AWS answered another version than it was asked for' } }
    },
    /** `version` is the ClientRequestToken and becomes the version's id: AWS refuses a second value under it, emulators overwrite. */
    put: async ({ arn, name }: KeptSecretState, version: string, text: string): Promise<Done> => {
      const command = new PutSecretValueCommand({
        SecretId: arn,
        ClientRequestToken: version,
        SecretString: text,
        VersionStages: ['AWSPENDING'],
      })
      const send = (abortSignal: AbortSignal) => wire.kept.send(command, { abortSignal })
      return done(await call(purpose('PutSecretValue', name, 'write'), send), name)
    },
    /** AWS refuses it where the label is not on `from`: a compare-and-set. */
    label: async (
      { arn, name }: KeptSecretState,
      VersionStage: string,
      { to, from }: { to?: string | undefined; from?: string | undefined },
    ): Promise<Done> => {
      const places = {
        ...(to === undefined ? {} : { MoveToVersionId: to }),
        ...(from === undefined ? {} : { RemoveFromVersionId: from }),
      }
      const command = new UpdateSecretVersionStageCommand({ SecretId: arn, VersionStage, ...places })
      const send = (abortSignal: AbortSignal) => wire.kept.send(command, { abortSignal })
      return done(await call(purpose('UpdateSecretVersionStage', name, 'write'), send), name)
    },
    rotate: async ({ arn, name }: KeptSecretState, version: string): Promise<Done> => {
      const command = new RotateSecretCommand({ SecretId: arn, ClientRequestToken: version, RotateImmediately: true })
      const send = (abortSignal: AbortSignal) => wire.kept.send(command, { abortSignal })
      return done(await call(purpose('RotateSecret', name, 'rotate'), send), name)
    },
  }
}
