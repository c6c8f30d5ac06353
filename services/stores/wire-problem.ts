import { boundedText, type Problem } from '../pipeline/errors.ts'

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : error.name
}

/** The connection went after the request may have been read: the result is unknown. */
const lost = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const late = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'TimeoutError',
  'AbortError',
  'UND_ERR_ABORTED',
])
/** Answers that break HTTP or our limits. */
const broken = new Set([
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** Can the same idempotent request be sent again at once? A kept connection may have been closed by the server. */
export const isLostConnection = (error: unknown): boolean => lost.has(codeOf(error))

/** Why there is no answer. Everything here means that the credential's state is unknown. */
export const wireProblem = (error: unknown): Problem => {
  const code = codeOf(error)
  if (late.has(code)) return { code: 'timeout', detail: 'no answer in time' }
  if (lost.has(code)) return { code: 'timeout', detail: `the connection was lost (${code})` }
  if (broken.has(code) || code.startsWith('HPE_')) return { code: 'protocol', detail: `not a valid answer (${code})` }
  return { code: 'unreachable', detail: boundedText(`cannot connect (${code || 'unknown error'})`) }
}
