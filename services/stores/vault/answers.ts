import type { Problem, ProblemCode } from '../../pipeline/errors.ts'
import type { ProbeResult, StepResult } from '../../pipeline/ports.ts'
import { type Answer, errorText, type Reply, record } from '../reply.ts'
import { storeText } from '../store-text.ts'

// What Vault's answers mean. Seen with OpenBao 2.7.2; HashiCorp Vault's known differences are accepted too.

const unknownToken = /invalid accessor/i
const unknownLease = /invalid lease|lease not found/i
const unknownSecretId = /failed to find accessor entry|invalid secret[_ ]id[_ ]accessor|role "[^"]*" does not exist/i

/** OpenBao 400, HashiCorp Vault 403 or 404. */
export const tokenProbe = (reply: Reply): ProbeResult => {
  if ('problem' in reply) return unknown(reply)
  if (reply.status === 200 && hasData(reply)) return { state: 'alive', evidence: 'target' }
  if ([400, 403, 404].includes(reply.status) && unknownToken.test(errorText(reply)))
    return { state: 'dead', evidence: 'target' }
  return unknown(reply)
}

/** Vault's word only: the login behind the lease may live on. */
export const leaseProbe = (reply: Reply): ProbeResult => {
  if ('problem' in reply) return unknown(reply)
  if (reply.status === 200 && hasData(reply)) return { state: 'alive', evidence: 'issuer' }
  if ([400, 404].includes(reply.status) && unknownLease.test(errorText(reply)))
    return { state: 'dead', evidence: 'issuer' }
  return unknown(reply)
}

/** 204 without a body: the secret id's time is over, its entry not yet tidied away. A missing role has no secret ids. */
export const secretIdProbe = (reply: Reply): ProbeResult => {
  if ('problem' in reply) return unknown(reply)
  if (reply.status === 200 && hasData(reply)) return { state: 'alive', evidence: 'target' }
  if (reply.status === 204) return { state: 'dead', evidence: 'target' }
  if ([400, 403, 404, 500].includes(reply.status) && unknownSecretId.test(errorText(reply)))
    return { state: 'dead', evidence: 'target' }
  return unknown(reply)
}

export const tokenStep = (reply: Reply): StepResult => step(reply, unknownToken)
export const leaseStep = (reply: Reply): StepResult => step(reply, unknownLease)
export const secretIdStep = (reply: Reply): StepResult => step(reply, unknownSecretId)

/** A 2xx is only a claim: Vault also answers it for what it does not know. So is "I do not know it". */
const step = (reply: Reply, absent: RegExp): StepResult => {
  if ('problem' in reply) return { state: 'failed', problem: reply.problem }
  if (reply.status === 202) return { state: 'queued' }
  if (reply.status === 200 || reply.status === 204) return { state: 'claimed' }
  if (absent.test(errorText(reply))) return { state: 'claimed' }
  return { state: 'failed', problem: problemOf(reply) }
}

const hasData = (answer: Answer) => Object.keys(record(record(answer.body).data)).length > 0
const unknown = (reply: Reply): ProbeResult => ({ state: 'unknown', problem: problemOf(reply) })

/** Anything that is not a clear answer: what it means for us, never that a credential is dead. */
export const problemOf = (reply: Reply): Problem => {
  if ('problem' in reply) return reply.problem
  const text = errorText(reply)
  const problem: Problem = {
    code: codeOf(reply.status, text),
    detail: storeText(`HTTP ${reply.status}${text === '' ? '' : `: ${text}`}`),
  }
  return reply.retryAfterMs === undefined ? problem : { ...problem, retryAfterMs: reply.retryAfterMs }
}

const codeOf = (status: number, text: string): ProblemCode => {
  if (status === 429) return 'throttled'
  if (status === 503 && /sealed/i.test(text)) return 'sealed'
  if (status === 403) return 'permission'
  if (status === 400 && /failed to revoke/i.test(text)) return 'backend'
  // No active node, a gateway without a server behind it, a node that is behind (412).
  if ([412, 502, 503, 504].includes(status) || /active (cluster )?node not found/i.test(text)) return 'unreachable'
  return status >= 500 ? 'backend' : 'protocol'
}
