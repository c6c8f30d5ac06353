import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { FactsUnavailable, FingerprintsUnavailable, NotNow, RejectedEvent } from '../pipeline/errors.ts'

/** An answer that is not a 2xx: says what happened and what it means, and quotes nothing of the request. */
export class HttpProblem extends Error {
  readonly statusCode: number
  readonly code: string
  readonly retryAfterMs: number | undefined
  constructor(statusCode: number, code: string, message: string, retryAfterMs?: number) {
    super(message)
    this.name = 'HttpProblem'
    this.statusCode = statusCode
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

const factsUnavailable =
  'Kafka does not acknowledge: nothing was done. Send it again, with the same event id. What is due goes on dying.'
const fingerprintsUnavailable = (stores: string[]) =>
  `${stores.join(', ')} cannot be asked now whether it knows the value. What is known without it dies; send it again, with the same event id.`
const stateUnavailable = 'The state cannot be read (Redis is away): nothing is known of this moment. Ask again.'

const problemOf = (error: unknown): HttpProblem | undefined => {
  if (error instanceof HttpProblem) return error
  if (error instanceof FactsUnavailable) return new HttpProblem(503, 'facts_unavailable', factsUnavailable)
  if (error instanceof FingerprintsUnavailable)
    return new HttpProblem(503, 'fingerprints_unavailable', fingerprintsUnavailable(error.stores))
  if (error instanceof NotNow)
    return new HttpProblem(503, 'not_now', `${error.message}: nothing was done. Send it again.`)
  if (error instanceof RejectedEvent) return new HttpProblem(statusOf(error.code), error.code, error.message)
  const { statusCode, code } = error as { statusCode?: number; code?: string }
  if (statusCode === 413) return new HttpProblem(413, 'too_large', 'the body is too large for this route')
  if (statusCode !== undefined && statusCode < 500)
    return new HttpProblem(statusCode, (code ?? 'bad_request').toLowerCase(), 'the request cannot be read')
  return undefined
}

const statuses = new Map([
  ['bad_signature', 401],
  ['not_allowed', 403],
  ['too_large', 413],
  ['plan_changed', 409],
])
const statusOf = (code: string) => statuses.get(code) ?? 400

export const answerProblems = (app: FastifyInstance, log: (entry: object) => void): void => {
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ code: 'no_such_route', message: 'There is no such route.' }),
  )
  app.setErrorHandler((error, _request, reply) => {
    const problem =
      problemOf(error) ?? new HttpProblem(500, 'internal', 'This request failed inside; the log says why.')
    if (problem.statusCode === 500)
      log({ msg: 'request failed', error: error instanceof Error ? error.name : 'unknown' })
    const retryAfterMs = problem.retryAfterMs ?? (problem.statusCode === 503 ? 2_000 : undefined)
    if (retryAfterMs !== undefined) void reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
    if (problem.statusCode === 401) void reply.header('www-authenticate', challenge(problem.code))
    return reply.code(problem.statusCode).send({ code: problem.code, message: problem.message })
  })
}

/** RFC 6750. */
const challenge = (code: string) => (code === 'invalid_token' ? 'Bearer error="invalid_token"' : 'Bearer')

/** A read that fails is `unknown`, never an empty list. */
export const readState = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch {
    throw new HttpProblem(503, 'state_unavailable', stateUnavailable)
  }
}

/** The same for what is read from Kafka. What is said on purpose is said. */
export const readKafka = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (problemOf(error)) throw error
    throw new HttpProblem(503, 'topics_unavailable', 'Kafka or Redis cannot be read now: nothing is known. Ask again.')
  }
}

/** Paths and rules only: an issue's own text may quote input. */
export const checked = <T>(schema: z.ZodType<T>, input: unknown, what: string): T => {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
    .slice(0, 5)
    .map(issue => `${issue.path.map(String).join('.') || what}: ${issue.code}`)
  throw new HttpProblem(400, 'invalid_request', issues.join('; ').slice(0, 300))
}

export const jsonBody = <T>(schema: z.ZodType<T>, body: unknown): T => {
  let json: unknown
  try {
    json = JSON.parse(body instanceof Buffer ? body.toString('utf8') : '')
  } catch {
    throw new HttpProblem(400, 'not_json', 'the body is not JSON')
  }
  return checked(schema, json, 'body')
}

const told = (what: string) => `No event told of a ${what} of that name in this tenant.`
const unknown = {
  session: told('session'),
  grant: told('grant'),
  plan: 'There is no plan of that name in this tenant: it is older than a day, or Redis lost it. Make it again.',
  secret: 'The registry has no secret of that name in this tenant.',
  replay: 'There is no such plan, or it is too old: plan it again.',
}
export function mustExist<T>(found: T | undefined, what: keyof typeof unknown): asserts found is T {
  if (found === undefined) throw new HttpProblem(404, `no_such_${what}`, unknown[what])
}
