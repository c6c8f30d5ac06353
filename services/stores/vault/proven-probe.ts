import type { ProbeResult } from '../../pipeline/ports.ts'
import type { Reply } from '../reply.ts'
import type { VaultRequest } from './client.ts'
import type { CallPurpose, MeteredCall } from './metered-call.ts'

/**
 * Alive may be said on a kept connection. A refusal may become a proof: it is asked for again on a fresh connection,
 * from the active node, and that answer counts. Right after a step the proof is asked for at once.
 */
export const provenProbe = async (
  call: MeteredCall,
  purpose: CallPurpose,
  request: VaultRequest,
  read: (reply: Reply) => ProbeResult,
  stepped: boolean,
): Promise<ProbeResult> => {
  const glance = stepped ? undefined : read(await call(purpose, request))
  if (glance && glance.state !== 'dead') return glance
  return read(await call(purpose, { ...request, proof: true }))
}
