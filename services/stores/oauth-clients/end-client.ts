import type { Credential, Lane, ProbeResult, StepResult, StoreUse } from '../../pipeline/ports.ts'
import { problemOf } from '../oauth/answers.ts'
import { probeByUse } from '../probe-by-use.ts'
import { sealedValues } from '../sealed-values.ts'
import type { StoreParts } from '../store-parts.ts'
import { storeText } from '../store-text.ts'
import type { ClientCalls } from './client-calls.ts'
import { type Registration, sortedValues } from './registration.ts'

export type EndClientParts = { store: string; open: StoreParts['sealing']['open']; calls: ClientCalls }

/** It was told "there" with the registration's own token: only then its refusal of that token says something. */
const registrar = 'registration'
const unmanaged =
  'what manages it is not known (RFC 7592): a client that Curfew did not register must be deleted by hand'

/** Said at registration: its secret was given without what manages it. */
export const impossibleOf = ({ store, open }: EndClientParts, credential: Credential): string | undefined => {
  const values = sealedValues(open, store, credential)
  return 'problem' in values || sortedValues(values).registration ? undefined : unmanaged
}

export const probeClient = async (parts: EndClientParts, credential: Credential, lane: Lane): Promise<ProbeResult> => {
  const values = sealedValues(parts.open, parts.store, credential)
  if ('problem' in values) return { state: 'unknown', problem: values.problem }
  const { registration, secrets } = sortedValues(values)
  const use = (secret: string): Promise<StoreUse> => parts.calls.use(credential.handle, secret, lane)
  if (secrets.length > 0) return probeByUse(secrets, use)
  return registration ? probeRegistration(parts.calls, registration, lane) : { state: 'impossible', reason: unmanaged }
}

/** A client whose secret nobody was told: whether the server still has it. */
const probeRegistration = async (calls: ClientCalls, registration: Registration, lane: Lane): Promise<ProbeResult> => {
  const reply = await calls.manage({ method: 'GET', registration, lane })
  const seen = { evidence: 'target' as const, witnesses: [registrar] }
  if (!('problem' in reply) && reply.status === 200) return { state: 'alive', ...seen }
  if (!('problem' in reply) && (reply.status === 401 || reply.status === 404))
    return {
      state: 'dead',
      ...seen,
      onlyAfterStep: 'its registration is not accepted any more: replaced by somebody else?',
    }
  return { state: 'unknown', problem: problemOf(reply, 'the registration of a client') }
}

/** Its registration is refused: the client was deleted before, or somebody replaced what manages it. */
const goneOrNotOurs = async (
  { calls }: EndClientParts,
  { handle }: Credential,
  [secret]: string[],
  lane: Lane,
): Promise<StepResult> => {
  const used = secret === undefined ? undefined : await calls.use(handle, secret, lane)
  if (used?.state !== 'accepted') return { state: 'claimed' }
  const detail = `the registration access token of client "${handle}" is refused, its secret is not: was that token replaced?`
  return { state: 'failed', problem: { code: 'permission', detail: storeText(detail) } }
}

/** RFC 7592 section 2.3. A registration that is not accepted any more is a claim only: the probe tells. */
export const endClient = async (parts: EndClientParts, credential: Credential, lane: Lane): Promise<StepResult> => {
  const values = sealedValues(parts.open, parts.store, credential)
  if ('problem' in values) return { state: 'failed', problem: values.problem }
  const { registration, secrets } = sortedValues(values)
  if (!registration) return { state: 'impossible', reason: unmanaged }
  const reply = await parts.calls.manage({ method: 'DELETE', registration, lane })
  if (!('problem' in reply) && [200, 204].includes(reply.status)) return { state: 'claimed' }
  if (!('problem' in reply) && [401, 404].includes(reply.status)) return goneOrNotOurs(parts, credential, secrets, lane)
  if (!('problem' in reply) && reply.status === 202) return { state: 'queued' }
  const problem = problemOf(reply, 'the registration of a client')
  const refused = !('problem' in reply) && (reply.status === 403 || reply.status === 405)
  return { state: 'failed', problem: refused ? { ...problem, code: 'permission' } : problem }
}
