import { DeleteSecretCommand, RemoveRegionsFromReplicationCommand } from '@aws-sdk/client-secrets-manager'
import type { Credential, Lane, StepResult } from '../../pipeline/ports.ts'
import { type Describe, nameOf } from './described.ts'
import type { AwsCall } from './metered.ts'
import type { AwsWire } from './wire.ts'

type Retiring = { call: AwsCall; wire: AwsWire; describe: Describe }

/**
 * Looks first: a secret that is not ours is never deleted, whoever registered it. Replicas go before it, as AWS demands. AWS
 * deletes later than it answers: its success is a claim, and so is "not found".
 */
export const retireSecret =
  (parts: Retiring) =>
  async (credential: Credential, lane: Lane): Promise<StepResult> => {
    const described = await parts.describe(credential, lane)
    if (described.state === 'absent') return { state: 'claimed' }
    if (described.state === 'unclear') return { state: 'failed', problem: described.problem }
    if (described.state === 'notOurs') return { state: 'impossible', reason: described.reason }
    if (described.replicas.length > 0) return removeReplicas(parts, credential, described.replicas, lane)
    return deleteSecret(parts, credential, lane)
  }

/** A removal takes its time: asked for again until none is left. */
const removeReplicas = async (
  { call, wire }: Retiring,
  { handle }: Credential,
  regions: string[],
  lane: Lane,
): Promise<StepResult> => {
  const purpose = { action: 'RemoveRegionsFromReplication', name: nameOf(handle), group: 'revoke', lane } as const
  const command = new RemoveRegionsFromReplicationCommand({ SecretId: handle, RemoveReplicaRegions: regions })
  const reply = await call(purpose, abortSignal => wire.kept.send(command, { abortSignal }))
  return 'problem' in reply ? { state: 'failed', problem: reply.problem } : { state: 'queued' }
}

const deleteSecret = async (parts: Retiring, credential: Credential, lane: Lane): Promise<StepResult> => {
  const { handle } = credential
  const purpose = { action: 'DeleteSecret', name: nameOf(handle), group: 'revoke', lane } as const
  const command = new DeleteSecretCommand({ SecretId: handle, ForceDeleteWithoutRecovery: true })
  const reply = await parts.call(purpose, abortSignal => parts.wire.kept.send(command, { abortSignal }))
  if (!('problem' in reply)) return { state: 'claimed' }
  // Another worker was faster: a secret that is gone has no tag, and the policy's condition then denies what it allowed.
  if (reply.problem.code === 'permission' && (await parts.describe(credential, lane)).state === 'absent')
    return { state: 'claimed' }
  return { state: 'failed', problem: reply.problem }
}
