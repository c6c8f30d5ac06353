import { IAMServiceException } from '@aws-sdk/client-iam'
import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager'
import type { Problem, ProblemCode } from '../../pipeline/errors.ts'
import { storeText } from '../store-text.ts'
import { wireProblem } from '../wire-problem.ts'

/** What was asked, as a human must read it where the right for it is missing. */
export type Asked = { action: string; name: string; service?: 'iam' }

const refusesUs = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'InvalidToken',
  'AuthFailure',
  'OptInRequired',
  'NotAuthorized',
])
const tooFast =
  /^(?:Throttling|ThrottlingException|ThrottledException|TooManyRequests|TooManyRequestsException|RequestLimitExceeded|LimitExceededException|SlowDown)$/

/** AWS's own word that it does not know the secret, or the role. Nothing else is: not a 404, not a body that cannot be read. */
export const isAbsent = (error: unknown): boolean =>
  (error instanceof SecretsManagerServiceException && error.name === 'ResourceNotFoundException') ||
  (error instanceof IAMServiceException && error.name === 'NoSuchEntityException')

/** Anything else: what it means for us, never that a secret is gone. */
export const awsProblem = (error: unknown, { action, name, service }: Asked): Problem => {
  if (!(error instanceof Error)) return { code: 'protocol', detail: 'an error that is none' }
  if (error.name === 'CredentialsProviderError')
    return { code: 'permission', detail: storeText(`no AWS credentials: ${error.message}`) }
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return { code: 'timeout', detail: 'no answer in time' }
  const status = statusOf(error)
  if (status === undefined) return wireProblem(error)
  if (error.name === 'AccessDeniedException' || error.name === 'AccessDenied')
    return { code: 'permission', detail: storeText(`needs ${service ?? 'secretsmanager'}:${action} on ${name}`) }
  // Of a role it is no rate: its inline policies share 10,240 characters.
  if (service === 'iam' && error.name === 'LimitExceededException')
    return { code: 'backend', detail: storeText(`${name}: its inline policies are full`) }
  if (refusesUs.has(error.name))
    return { code: 'permission', detail: `AWS does not accept our credentials: ${error.name}` }
  const detail = storeText(`HTTP ${status} to ${action} ${known(error)}`)
  return { code: codeOf(error.name, status), detail }
}

const codeOf = (name: string, status: number): ProblemCode => {
  if (status === 429 || tooFast.test(name)) return 'throttled'
  // AWS names it its own backend, whatever the status.
  if (name === 'InternalServiceError' || name === 'InternalFailure') return 'backend'
  if ([502, 503, 504].includes(status)) return 'unreachable'
  return status >= 500 ? 'backend' : 'protocol'
}

/** The exception's name and AWS's own words for it; a body that is not AWS's is never quoted. */
const known = (error: Error): string => {
  if (!(error instanceof SecretsManagerServiceException || error instanceof IAMServiceException)) return ''
  return /^\w{1,64}$/.test(error.name) && error.name !== 'UnknownError' ? `${error.name}: ${error.message}` : ''
}

/** Undefined: no answer at all. */
const statusOf = (error: Error): number | undefined => {
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: number }
    $response?: { statusCode?: number }
  }
  return $metadata?.httpStatusCode ?? $response?.statusCode
}
