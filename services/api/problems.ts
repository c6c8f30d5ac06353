import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { FactsUnavailable, RejectedEvent } from '../pipeline/errors.ts'

/** An answer that is not a 2xx: says what happened and what it means, and quotes nothing of the request. */
export class HttpProblem extends Error {
  readonly statusCode: number
  readonly code: string
  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.name = 'HttpProblem'
    this.statusCode = statusCode
    this.code = code
  }
}

const factsUnavailable =
  'Kafka does not acknowledge: nothing was done. Send it again, with the same event id. What is due goes on dying.'
const stateUnavailable = 'The state cannot be read (Redis is away): nothing is known of this moment. Ask again.'

const problemOf = (error: unknown): HttpProblem | undefined => {
  if (error instanceof HttpProblem) return error
  if (error instanceof FactsUnavailable) return new HttpProblem(503, 'facts_unavailable', factsUnavailable)
  if (error instanceof RejectedEvent) return new HttpProblem(statusOf(error.code), error.code, error.message)
  const { statusCode, code } = error as { statusCode?: number; code?: string }
  if (statusCode === 413) return new HttpProblem(413, 'too_large', 'the body is over 256 KiB')
  if (statusCode !== undefined && statusCode < 500)
    return new HttpProblem(statusCode, (code ?? 'bad_request').toLowerCase(), 'the request cannot be read')
  return undefined
}

const statusOf = (code: string) => (code === 'not_allowed' ? 403 : code === 'too_large' ? 413 : 400)

export const answerProblems = (app: FastifyInstance, log: (entry: object) => void): void => {
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ code: 'no_such_route', message: 'There is no such route.' }),
  )
  app.setErrorHandler((error, _request, reply) => {
    const problem =
      problemOf(error) ?? new HttpProblem(500, 'internal', 'This request failed inside; the log says why.')
    if (problem.statusCode === 500)
      log({ msg: 'request failed', error: error instanceof Error ? error.name : 'unknown' })
    if (problem.statusCode === 503) void reply.header('retry-after', '2')
    if (problem.statusCode === 401) void reply.header('www-authenticate', 'Bearer')
    return reply.code(problem.statusCode).send({ code: problem.code, message: problem.message })
  })
}

/** A read that fails is `unknown`, never an empty list. */
export const readState = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch {
    throw new HttpProblem(503, 'state_unavailable', stateUnavailable)
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

export function mustExist<T>(found: T | undefined, what: 'session' | 'grant' | 'secret'): asserts found is T {
  if (found === undefined)
    throw new HttpProblem(404, `no_such_${what}`, `No event told of a ${what} of that name in this tenant.`)
}
