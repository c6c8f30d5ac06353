import type { Problem, ProblemCode } from '../../pipeline/errors.ts'
import type { StepResult } from '../../pipeline/ports.ts'
import { type Answer, type Reply, record } from '../reply.ts'
import { storeText } from '../store-text.ts'
import { selfContained } from './jwt-shape.ts'

// What an authorization server's answers mean (RFC 7009, RFC 7662). Seen with oidc-provider 9.13.3.

/** Whom the server answered, and where: what a human must look at when it refuses us. */
export type Asked = { clientId: string; endpoint: string }
export type Introspected =
  | { state: 'active' }
  | { state: 'inactive' }
  /** The server does not introspect tokens of this kind. */
  | { state: 'unsupported' }
  | { state: 'unknown'; problem: Problem }

export const introspected = (reply: Reply, asked: Asked): Introspected => {
  if ('problem' in reply) return { state: 'unknown', problem: reply.problem }
  const { active } = record(reply.body)
  if (reply.status === 200 && active === true) return { state: 'active' }
  // Only the word itself: a 200 with anything else, a 404 or a 401 is about something other than the token.
  if (reply.status === 200 && active === false) return { state: 'inactive' }
  if (errorCode(reply) === 'unsupported_token_type') return { state: 'unsupported' }
  return { state: 'unknown', problem: refusal(reply, asked) ?? problemOf(reply, asked.endpoint) }
}

/** A 200 is only a claim: the server gives it for tokens that it does not know, too (RFC 7009 section 2.2). */
export const revocationStep = (reply: Reply, asked: Asked, token: string): StepResult => {
  if ('problem' in reply) return { state: 'failed', problem: reply.problem }
  if (reply.status === 200 || reply.status === 204) return { state: 'claimed' }
  if (reply.status === 202) return { state: 'queued' }
  if (errorCode(reply) === 'unsupported_token_type')
    return {
      state: 'impossible',
      reason: 'unsupported_token_type: the issuer does not revoke this token',
      exposedUntil: selfContained(token)?.expiresAt,
    }
  return { state: 'failed', problem: refusal(reply, asked) ?? problemOf(reply, asked.endpoint) }
}

/** Our request is well formed: `invalid_request` says that this client may not do this to this token. */
const refusesUs = /^(invalid_client|unauthorized_client|invalid_request|access_denied|insufficient_scope)$/

/** The server refuses our client: about us, never about the token. */
const refusal = (answer: Answer, { clientId, endpoint }: Asked): Problem | undefined => {
  const error = errorCode(answer)
  const about = [401, 403].includes(answer.status) || (answer.status === 400 && refusesUs.test(error))
  if (!about) return undefined
  const detail = `client "${clientId}" is refused at ${endpoint}: HTTP ${answer.status} ${error}`
  return { code: 'permission', detail: storeText(detail) }
}

/** Anything that is not a clear answer: what it means for us, never that a token is dead. */
export const problemOf = (reply: Reply, endpoint: string): Problem => {
  if ('problem' in reply) return reply.problem
  const detail = storeText(`HTTP ${reply.status} from ${endpoint} ${errorCode(reply)}`)
  const problem: Problem = { code: codeOf(reply.status), detail }
  return reply.retryAfterMs === undefined ? problem : { ...problem, retryAfterMs: reply.retryAfterMs }
}

/** The error's code only: a description may quote the token. */
const errorCode = (answer: Answer): string => {
  const { error } = record(answer.body)
  return typeof error === 'string' && /^\w{1,64}$/.test(error) ? error : ''
}

const codeOf = (status: number): ProblemCode => {
  if (status === 429) return 'throttled'
  if ([502, 503, 504].includes(status)) return 'unreachable'
  return status >= 500 ? 'backend' : 'protocol'
}
